package wire

import (
	"reflect"
	"testing"
)

func TestUpAgainSaysWhatIsDifferent(t *testing.T) {
	running, asked := valid(), valid()
	running.MaxPods, running.NodeLabels = 50, map[string]string{"disk": "ssd"}
	asked.HTTPSPort = 7443
	stated := []string{"config", "data-dir", "https-port", "node-label"}
	want := []difference{{"https-port=6443", "7443"}, {"node-label=[disk=ssd]", "[]"}}
	if got := running.differences(asked, stated); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v: what nobody stated is no difference", got, want)
	}
	if got := running.differences(running, stated); got != nil {
		t.Errorf("the same settings differ in %v", got)
	}
}
