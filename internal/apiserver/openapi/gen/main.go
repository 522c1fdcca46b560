// Command gen writes the schemas of all kinds, as one compressed file, from
// the Go types. It is a module of its own, so that what it needs is no part
// of skiff. See the go:generate lines of package openapi.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"log"
	"os"
	"reflect"
	"sort"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kube-openapi/pkg/builder3/util"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"skiff/internal/apiserver/openapi/gen/definitions"
)

const gvkExtension = "x-kubernetes-group-version-kind"

// everyGroup are the kinds that each group has; the server says which groups
// there are.
var everyGroup = map[string]bool{"DeleteOptions": true, "WatchEvent": true, "Status": true}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: gen FILE")
	}
	schemas := map[string]*spec.Schema{}
	kinds := kindsByModel()
	for name, definition := range definitions.GetOpenAPIDefinitions(reference) {
		s := definition.Schema
		if gvks := kinds[name]; len(gvks) > 0 {
			s.AddExtension(gvkExtension, gvks)
		}
		schemas[name] = util.WrapRefs(&s)
	}
	if err := os.WriteFile(os.Args[1], compress(schemas), 0o644); err != nil {
		log.Fatal(err)
	}
}

func reference(name string) spec.Ref {
	return spec.MustCreateRef("#/components/schemas/" + common.EscapeJsonPointer(name))
}

// kindsByModel are the kinds that each model is, as the extension lists them.
func kindsByModel() map[string][]any {
	found := map[string][]schema.GroupVersionKind{}
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		model, ok := reflect.New(t).Elem().Interface().(interface{ OpenAPIModelName() string })
		if ok && !everyGroup[gvk.Kind] && gvk.Version != "__internal" {
			found[model.OpenAPIModelName()] = append(found[model.OpenAPIModelName()], gvk)
		}
	}
	kinds := map[string][]any{}
	for name, gvks := range found {
		sort.Slice(gvks, func(i, j int) bool { return gvks[i].String() < gvks[j].String() })
		for _, k := range gvks {
			kinds[name] = append(kinds[name], map[string]any{"group": k.Group, "version": k.Version, "kind": k.Kind})
		}
	}
	return kinds
}

// compress writes the same bytes for the same schemas: names in order, no time.
func compress(schemas map[string]*spec.Schema) []byte {
	text, err := json.Marshal(schemas)
	if err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if _, err := z.Write(text); err != nil {
		log.Fatal(err)
	}
	if err := z.Close(); err != nil {
		log.Fatal(err)
	}
	return out.Bytes()
}
