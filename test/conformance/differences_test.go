package conformance

import (
	"encoding/json"
	"os"
	"testing"

	"sigs.k8s.io/yaml"
)

// differences are facts in which skiff's types, a release newer, differ from
// what is published: what they are now, and why.
type differences struct {
	list []*difference
}

type difference struct {
	Fact, Is, Why string

	used bool
}

func knownDifferences(t *testing.T) *differences {
	t.Helper()
	text, err := os.ReadFile("testdata/differences.yaml")
	need(t, err)
	data, err := yaml.YAMLToJSON(text)
	need(t, err)
	d := &differences{}
	need(t, json.Unmarshal(data, &d.list))
	return d
}

func (d *differences) explain(fact, is string) bool {
	for _, one := range d.list {
		if one.Fact == fact && one.Is == is {
			one.used = true
			return true
		}
	}
	return false
}

// allUsed keeps the list honest: it has nothing that is not so.
func (d *differences) allUsed(t *testing.T) {
	for _, one := range d.list {
		if !one.used {
			t.Errorf("differences.yaml lists %q as %q, which it is not (any more)", one.Fact, one.Is)
		}
	}
}
