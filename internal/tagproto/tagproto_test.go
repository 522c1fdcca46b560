package tagproto

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// sample has the fields of a condition of a Pod, and so its wire form.
type sample struct {
	Type               string      `protobuf:"bytes,1,opt,name=type"`
	Status             string      `protobuf:"bytes,2,opt,name=status"`
	LastProbeTime      metav1.Time `protobuf:"bytes,3,opt,name=lastProbeTime"`
	LastTransitionTime metav1.Time `protobuf:"bytes,4,opt,name=lastTransitionTime"`
	Reason             string      `protobuf:"bytes,5,opt,name=reason"`
	Message            string      `protobuf:"bytes,6,opt,name=message"`
	ObservedGeneration int64       `protobuf:"varint,7,opt,name=observedGeneration"`
}

func TestSameAsGeneratedCode(t *testing.T) {
	at := metav1.Unix(1700000000, 0)
	want, err := (&corev1.PodCondition{Type: "Ready", Status: "True", LastProbeTime: at, Message: "m", ObservedGeneration: 300}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	mine := sample{Type: "Ready", Status: "True", LastProbeTime: at, Message: "m", ObservedGeneration: 300}
	got, err := Marshal(&mine)
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("got  %x\nwant %x (%v)", got, want, err)
	}
	back := sample{}
	if err := Unmarshal(want, &back); err != nil || back.Type != "Ready" || !back.LastProbeTime.Equal(&at) || back.ObservedGeneration != 300 {
		t.Errorf("%+v, %v", back, err)
	}
}

// tree has all else that fields can be, and itself.
type tree struct {
	Children map[string]tree `protobuf:"bytes,1,rep,name=children"`
	List     []tree          `protobuf:"bytes,2,rep,name=list"`
	Numbers  []int32         `protobuf:"varint,3,rep,name=numbers"`
	Names    []string        `protobuf:"bytes,4,rep,name=names"`
	On       *bool           `protobuf:"varint,5,opt,name=on"`
	Most     *float64        `protobuf:"fixed64,6,opt,name=most"`
	Raw      []byte          `protobuf:"bytes,7,opt,name=raw"`
	Next     *tree           `protobuf:"bytes,100,opt,name=next"`
	Ignored  string
}

func TestEverySort(t *testing.T) {
	on, most := true, -1.5
	in := tree{
		Children: map[string]tree{"a": {Names: []string{"x", ""}}, "b": {}}, List: []tree{{Numbers: []int32{1, -2, 300}}, {}},
		On: &on, Most: &most, Raw: []byte{}, Next: &tree{Raw: []byte("raw")},
	}
	data, err := Marshal(&in)
	if err != nil {
		t.Fatal(err)
	}
	var out tree
	if err := Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("(-wrote +read)\n%s", diff)
	}
	for n := range data {
		_ = Unmarshal(data[:n], &tree{}) // damage is an error or less of the tree, never a panic
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for name, data := range map[string][]byte{
		"text where a number belongs": {0x2a, 1, 'x'}, "a number where text belongs": {0x20, 1}, "a length beyond the end": {0x22, 9, 'x'}, "field 0": {0, 1}, "half a tag": {0x80},
	} {
		if err := Unmarshal(data, &tree{}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
