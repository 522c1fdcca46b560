package archtest

import (
	"strings"
	"testing"
)

// direction says which of the module's packages a tree may import, apart from
// its own.
type direction struct {
	tree   string
	may    []string
	reason string
}

// libraries may be used by every component.
var libraries = []string{
	"internal/api", "internal/client", "internal/reconcile", "internal/host", "internal/pki",
	"internal/version", "internal/servicecache", "internal/footprint", "internal/tablewatch",
}

const componentsMeetAtTheAPI = "components meet at the API, not in Go: any of them can be replaced by another vendor's, or run against another vendor's API server"

var directions = []direction{
	{"internal/scheduler", libraries, componentsMeetAtTheAPI},
	{"internal/controllers", libraries, componentsMeetAtTheAPI},
	{"internal/kubelet", libraries, componentsMeetAtTheAPI},
	{"internal/runtime", libraries, componentsMeetAtTheAPI},
	{"internal/network", libraries, componentsMeetAtTheAPI},
	{"internal/proxy", libraries, componentsMeetAtTheAPI},
	{"internal/dns", libraries, componentsMeetAtTheAPI},
	{"internal/apiserver", append([]string{"internal/store", "internal/wirejson", "internal/http2server"}, libraries...), "the API server serves components; it knows none of them"},
	{"internal/api", []string{"internal/tagproto"}, "what a kind means depends on nothing that runs"},
	{"internal/tagproto", nil, "what is written follows from values and tags alone"},
	{"internal/wirejson", nil, "what is written follows from bytes and types alone"},
	{"internal/http2server", nil, "it carries requests and knows none of them"},
	{"internal/store", []string{"internal/api", "internal/version", "internal/wirejson"}, "the store keeps bytes and knows no verbs, users or components"},
	{"internal/client", []string{"internal/api", "internal/version", "internal/pki"}, "everyone imports it, so it imports next to nothing"},
	{"internal/reconcile", []string{"internal/client", "internal/version"}, "the loop knows no controller"},
	{"internal/servicecache", []string{"internal/client"}, "it is shared by components that must not meet"},
	{"internal/host", nil, "names are made of strings alone"},
	{"internal/pki", []string{"internal/version"}, "certificates are made of files and keys alone"},
	{"internal/version", nil, "it is a leaf"},
	{"internal/tablewatch", nil, "it is shared by components that must not meet"},
	{"internal/footprint", nil, "it knows memory, not what lies in it"},
}

func TestImportDirections(t *testing.T) {
	for _, p := range listed(t) {
		for _, d := range directions {
			if !isWithin(p.path(), d.tree) {
				continue
			}
			for _, imported := range p.Imports {
				path, ours := strings.CutPrefix(imported, module+"/")
				if ours && !isWithin(path, d.tree) && !isWithinAny(path, d.may) {
					t.Errorf("%s imports %s: %s", p.path(), path, d.reason)
				}
			}
		}
	}
}

// importer is a package that only some may import.
type importer struct {
	pkg    string
	only   []string
	reason string
}

var importers = []importer{
	{"internal/store", []string{"internal/apiserver", "internal/wire", "test"}, "the API server is the only door to the data; wire opens the store for it"},
	{"internal/apiserver", []string{"internal/wire", "test"}, "everyone else speaks to it as a client"},
	{"internal/wire", []string{"cmd", "test"}, "it is the root that everything hangs from"},
}

func TestImporters(t *testing.T) {
	for _, p := range listed(t) {
		for _, rule := range importers {
			for _, imported := range p.Imports {
				path := strings.TrimPrefix(imported, module+"/")
				if isWithin(path, rule.pkg) && !isWithin(p.path(), rule.pkg) && !isWithinAny(p.path(), rule.only) && !isTestHelper(p) {
					t.Errorf("%s imports %s: %s", p.path(), path, rule.reason)
				}
			}
		}
	}
}

// isTestHelper reports whether a package is there for tests only, by its name.
func isTestHelper(p pkg) bool { return strings.HasSuffix(p.Name, "test") }

// forbidden are packages of others that this project must do without.
var forbidden = map[string]string{
	"k8s.io/kubernetes":           "it is what we are writing",
	"k8s.io/apiserver/pkg/server": "being leaner than the generic server is the point of internal/apiserver",
}

func TestForbiddenImports(t *testing.T) {
	for _, p := range listed(t) {
		for _, imported := range p.Imports {
			for path, reason := range forbidden {
				if isWithin(imported, path) {
					t.Errorf("%s imports %s: %s", p.path(), imported, reason)
				}
			}
		}
	}
}
