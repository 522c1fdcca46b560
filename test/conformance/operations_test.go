package conformance

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// operation is one line of testdata/endpoints.tsv.
type operation struct {
	method, path string
	kind         string // as the API reference has it: of a list, the kind of its items
	action       string // get, list, watch, watchlist, post, put, patch, delete, deletecollection, connect
	id           string
}

// operations are all stable operations that Kubernetes publishes.
func operations(t *testing.T) (all []operation) {
	t.Helper()
	text, err := os.ReadFile("testdata/endpoints.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			t.Fatalf("endpoints.tsv: %q has %d columns", line, len(f))
		}
		all = append(all, operation{f[0], f[1], f[2], f[3], f[4]})
	}
	return all
}

// collection is the path of the resource that an operation is about, without
// its namespace: all operations of a resource have the same.
func (o operation) collection() string {
	path := strings.Replace(o.path, "/watch/", "/", 1)
	path = strings.Replace(path, "/namespaces/{namespace}/", "/", 1)
	path, _, _ = strings.Cut(path, "/{name}")
	return path
}

// ofSubresource says whether there is something behind the object's name.
func (o operation) ofSubresource() bool { return strings.Contains(o.path, "/{name}/") }

// stage orders the operations of a resource so that each finds its object.
func (o operation) stage() int {
	order := []string{"post", "get", "list", "watch", "watchlist", "connect", "put", "patch", "delete", "deletecollection"}
	if o.action == "post" && o.ofSubresource() {
		return slices.Index(order, "connect")
	}
	return slices.Index(order, o.action)
}

// byCollection sorts operations into lives of objects: from their creation to
// their deletion.
func byCollection(all []operation) (lives [][]operation) {
	index := map[string]int{}
	for _, o := range all {
		at, known := index[o.collection()]
		if !known {
			at = len(lives)
			index[o.collection()] = at
			lives = append(lives, nil)
		}
		lives[at] = append(lives[at], o)
	}
	for _, life := range lives {
		slices.SortStableFunc(life, func(a, b operation) int { return a.stage() - b.stage() })
	}
	return lives
}
