package table

import (
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestColumns(t *testing.T) {
	c := Of("Last Seen", "Name", "Count").Integers("Count").OnlyWide("Count").Wide("IP")
	for i, want := range []metav1.TableColumnDefinition{
		{Name: "Last Seen", Type: "string"}, {Name: "Name", Type: "string", Format: "name"},
		{Name: "Count", Type: "integer", Priority: 1}, {Name: "IP", Type: "string", Priority: 1},
	} {
		if c[i] != want {
			t.Errorf("%+v, want %+v", c[i], want)
		}
	}
}

func TestAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where time stands still
		if got := Age(metav1.NewTime(time.Now().Add(-312 * time.Second))); got != "5m12s" {
			t.Errorf("age %s", got)
		}
		if got := Age(metav1.Time{}); got != "<unknown>" {
			t.Errorf("age of what has no time: %s", got)
		}
	})
}

func TestFirst(t *testing.T) {
	for want, items := range map[string][]string{
		"<none>": nil, "a,b": {"a", "b"}, "a,b + 1 more": {"a", "b", "c"},
	} {
		if got := First(items, 2, " + %d more"); got != want {
			t.Errorf("%v: %s, want %s", items, got, want)
		}
	}
}
