package openapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
)

var scaleKind = autoscalingv1.SchemeGroupVersion.WithKind("Scale")

// info of the documents. The version is that of the schemas' meaning, not of
// the server, and upstream has never set it.
var info = map[string]any{"title": "Kubernetes", "version": "unversioned"}

const security = "BearerToken"

var securityScheme = map[string]any{
	"type": "apiKey", "in": "header", "name": "authorization", "description": "Bearer Token authentication",
}

// document builds a document as JSON.
func document(v version, c contents) ([]byte, error) {
	all, err := unpack()
	if err != nil {
		return nil, err
	}
	return all.document(v, c)
}

func (s schemas) document(v version, c contents) (_ []byte, err error) {
	b := &builder{schemas: s, options: map[string][]parameter{}}
	routes := slices.Clone(c.paths)
	for _, r := range c.resources {
		routes = append(routes, b.routes(r)...)
	}
	if b.err != nil {
		return nil, b.err
	}
	used := s.closure(schemasOf(routes))
	trees := make(map[string]any, len(used))
	for name := range used {
		if trees[name], err = used.tree(name, v, groupsOf(c.resources)); err != nil {
			return nil, err
		}
	}
	if v == v2 {
		return json.Marshal(document2(routes, trees))
	}
	return json.Marshal(document3(routes, trees))
}

func groupsOf(resources []*api.Resource) []schema.GroupVersion {
	list := []schema.GroupVersion{{Version: "v1"}}
	seen := map[schema.GroupVersion]bool{list[0]: true}
	for _, r := range resources {
		if gv := r.GroupVersion(); !seen[gv] {
			seen[gv] = true
			list = append(list, gv)
		}
	}
	return list
}

func document3(routes []route, schemas map[string]any) map[string]any {
	paths := map[string]any{}
	for _, r := range routes {
		path := map[string]any{}
		if len(r.parameters) > 0 {
			path["parameters"] = parameters3(r.parameters)
		}
		for _, o := range r.operations {
			path[o.method] = operation3(o)
		}
		paths[r.path] = path
	}
	return map[string]any{
		"openapi": "3.0.0", "info": info, "paths": paths,
		"components": map[string]any{"schemas": schemas, "securitySchemes": map[string]any{security: securityScheme}},
	}
}

func parameters3(list []parameter) []any {
	var all []any
	for _, p := range list {
		m := map[string]any{"name": p.name, "in": p.in, "description": p.description, "schema": map[string]any{"type": p.kind, "uniqueItems": true}}
		if p.required {
			m["required"] = true
		}
		all = append(all, m)
	}
	return all
}

func operation3(o operation) map[string]any {
	m := commonOf(o)
	if len(o.parameters) > 0 {
		m["parameters"] = parameters3(o.parameters)
	}
	if o.body != "" {
		body := map[string]any{"content": content3(o.consumes, o.body)}
		if !o.optional {
			body["required"] = true
		}
		m["requestBody"] = body
	}
	answers := map[string]any{"401": map[string]any{"description": "Unauthorized"}}
	for code, text := range o.codes {
		answers[strconv.Itoa(code)] = map[string]any{"description": text, "content": content3(o.produces, o.answer)}
	}
	m["responses"] = answers
	return m
}

func content3(types []string, name string) map[string]any {
	s := map[string]any{"type": "string"}
	if name != "" {
		s = map[string]any{"$ref": schemaRef + name}
	}
	content := map[string]any{}
	for _, t := range types {
		content[t] = map[string]any{"schema": s}
	}
	return content
}

// commonOf is what both versions say of an operation in the same words.
func commonOf(o operation) map[string]any {
	m := map[string]any{"operationId": o.id, "description": o.description, "tags": []any{o.tag}}
	if o.action != "" { // else it is about no resource
		m["x-kubernetes-action"], m[gvkExtension] = o.action, gvkOf(o.gvk)
	}
	return m
}

// shared are the parameters that operations of version 2 refer to: written
// out at each of them, they would be most of the document.
type shared map[string]any

func (s shared) ref(m map[string]any) any {
	text, _ := json.Marshal(m)
	sum := sha256.Sum256(text)
	name := fmt.Sprintf("%s-%s", m["name"], base64.RawURLEncoding.EncodeToString(sum[:6]))
	s[name] = m
	return map[string]any{"$ref": "#/parameters/" + name}
}

func document2(routes []route, schemas map[string]any) map[string]any {
	common := shared{}
	paths := map[string]any{}
	for _, r := range routes {
		path := map[string]any{}
		if len(r.parameters) > 0 {
			path["parameters"] = common.parameters(r.parameters)
		}
		for _, o := range r.operations {
			path[o.method] = common.operation(o)
		}
		paths[r.path] = path
	}
	return map[string]any{
		"swagger": "2.0", "info": info, "paths": paths, "definitions": schemas, "parameters": map[string]any(common),
		"securityDefinitions": map[string]any{security: securityScheme},
		"security":            []any{map[string]any{security: []any{}}},
	}
}

func (s shared) parameters(list []parameter) []any {
	var all []any
	for _, p := range list {
		m := map[string]any{"name": p.name, "in": p.in, "description": p.description, "type": p.kind, "uniqueItems": true}
		if p.required {
			m["required"] = true
		}
		all = append(all, s.ref(m))
	}
	return all
}

func (s shared) operation(o operation) map[string]any {
	m := commonOf(o)
	m["schemes"] = []any{"https"}
	if len(o.produces) > 0 {
		m["produces"] = o.produces
	}
	if len(o.consumes) > 0 {
		m["consumes"] = o.consumes
	}
	list := s.parameters(o.parameters)
	if o.body != "" {
		body := map[string]any{"name": "body", "in": "body", "schema": ref2(o.body)}
		if !o.optional {
			body["required"] = true
		}
		list = append(list, body)
	}
	if len(list) > 0 {
		m["parameters"] = list
	}
	answers := map[string]any{"401": map[string]any{"description": "Unauthorized"}}
	for code, text := range o.codes {
		answers[strconv.Itoa(code)] = map[string]any{"description": text, "schema": ref2(o.answer)}
	}
	m["responses"] = answers
	return m
}

func ref2(name string) map[string]any {
	if name == "" {
		return map[string]any{"type": "string"}
	}
	return map[string]any{"$ref": "#/definitions/" + name}
}
