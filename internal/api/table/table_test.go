package table

import (
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestColumns(t *testing.T) {
	c := Of("Last Seen", "Name", "Count", "Suspend").Integers("Count").Booleans("Suspend").OnlyWide("Count").Wide("IP", "Images").
		Docs(map[string]string{"Last Seen": "when", "IP": "where"})
	name := metav1.ObjectMeta{}.SwaggerDoc()["name"]
	for i, want := range []metav1.TableColumnDefinition{
		{Name: "Last Seen", Type: "string", Description: "when"}, {Name: "Name", Type: "string", Format: "name", Description: name},
		{Name: "Count", Type: "integer", Priority: 1}, {Name: "Suspend", Type: "boolean"},
		{Name: "IP", Type: "string", Priority: 1, Description: "where"},
		{Name: "Images", Type: "string", Priority: 1, Description: "Images referenced by each container in the template."},
	} {
		if c[i] != want {
			t.Errorf("%+v, want %+v", c[i], want)
		}
	}
	if name == "" {
		t.Error("the API does not describe metadata.name")
	}
}

func TestDocsOfNoColumn(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a description of a column that is not there was taken")
		}
	}()
	Of("Name").Docs(map[string]string{"Nmae": "a slip"})
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
