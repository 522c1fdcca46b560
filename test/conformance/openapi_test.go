package conformance

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var publishedIn = flag.String("published", "", "write testdata/openapi.json.gz anew from a `directory` of OpenAPI documents, as Kubernetes keeps them in api/openapi-spec/v3")

const factsFile = "testdata/openapi.json.gz"

var alphaOrBeta = regexp.MustCompile(`__v\d+(alpha|beta)\d+_openapi`)

// TestFactsAreWritten makes the test data; without the flag there is nothing
// to do.
func TestFactsAreWritten(t *testing.T) {
	if *publishedIn == "" {
		t.Skip("no -published directory")
	}
	files, err := filepath.Glob(filepath.Join(*publishedIn, "*_openapi.json"))
	need(t, err)
	all := map[string]map[string]string{}
	for _, file := range files {
		if alphaOrBeta.MatchString(file) {
			continue
		}
		text, err := os.ReadFile(file)
		need(t, err)
		name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), "_openapi.json"), "__", "/")
		all[strings.TrimPrefix(name, "./")], err = facts(text)
		need(t, err)
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	need(t, json.NewEncoder(z).Encode(all))
	need(t, z.Close())
	need(t, os.WriteFile(factsFile, out.Bytes(), 0o644))
}

func publishedFacts(t *testing.T) (all map[string]map[string]string) {
	t.Helper()
	packed, err := os.ReadFile(factsFile)
	need(t, err)
	z, err := gzip.NewReader(bytes.NewReader(packed))
	need(t, err)
	text, err := io.ReadAll(z)
	need(t, err)
	need(t, json.Unmarshal(text, &all))
	return all
}

// What Kubernetes publishes about the fields, defaults, merge keys and
// operations of its stable groups, skiff's documents say too. They may say
// more: its types are a release newer.
func TestOpenAPISaysWhatIsPublished(t *testing.T) {
	a := start(t)
	known := knownDifferences(t)
	for name, want := range publishedFacts(t) {
		t.Run(name, func(t *testing.T) {
			code, text := a.call(t, http.MethodGet, "/openapi/v3/"+name, nil)
			if reason := leftOut["/"+name+"/"]; reason != "" {
				if code != http.StatusNotFound {
					t.Errorf("%d, but is left out: %s", code, reason)
				}
				return
			}
			if code != http.StatusOK {
				t.Fatalf("no document: %d", code)
			}
			got, err := facts([]byte(text))
			need(t, err)
			for _, fact := range slices.Sorted(maps.Keys(want)) {
				if got[fact] != want[fact] && !known.explain(fact, got[fact]) {
					t.Errorf("%s\n\tis        %s\n\tpublished %s", fact, got[fact], want[fact])
				}
			}
		})
	}
	known.allUsed(t)
}
