package conformance

import (
	"encoding/json"
	"slices"
	"strings"
)

// document is what the comparison looks at of an OpenAPI document of version 3.
type document struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Schemas map[string]map[string]any
	}
}

// published is an operation in such a document.
type published struct {
	OperationID string `json:"operationId"`
	Action      string `json:"x-kubernetes-action,omitempty"`
	Kind        any    `json:"x-kubernetes-group-version-kind,omitempty"`
	Parameters  []struct {
		Name, In string
		Schema   map[string]any
	} `json:"parameters"`
	RequestBody struct{ Content content }
	Responses   map[string]struct{ Content content }
}

type content map[string]struct{ Schema map[string]any }

// everyGroup are schemas whose kinds list all groups there are, alpha ones
// too: that list is no fact about the schema.
var everyGroup = []string{"DeleteOptions", "WatchEvent", "Status"}

// facts are what a document says but for descriptions: one line for each
// schema, property and operation.
func facts(text []byte) (map[string]string, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	all := map[string]string{}
	for name, schema := range d.Components.Schemas {
		addSchema(all, name, schema)
	}
	for path, methods := range d.Paths {
		if err := addOperations(all, path, methods); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func addSchema(all map[string]string, name string, schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	delete(schema, "properties")
	if slices.ContainsFunc(everyGroup, func(kind string) bool { return strings.HasSuffix(name, "meta.v1."+kind) }) {
		delete(schema, "x-kubernetes-group-version-kind")
	}
	required, _ := schema["required"].([]any)
	delete(schema, "required")
	for _, field := range required {
		all[name+"."+field.(string)+" is required"] = "yes"
	}
	all[name] = canonical(schema)
	for field, property := range properties {
		all[name+"."+field] = canonical(property)
	}
}

func addOperations(all map[string]string, path string, methods map[string]json.RawMessage) error {
	var shared struct{ Parameters []any }
	if raw, ok := methods["parameters"]; ok {
		if err := json.Unmarshal(raw, &shared.Parameters); err != nil {
			return err
		}
		delete(methods, "parameters")
	}
	for method, raw := range methods {
		var o published
		if err := json.Unmarshal(raw, &o); err != nil {
			return err
		}
		at := strings.ToUpper(method) + " " + path
		all[at] = canonical(map[string]any{"operationId": o.OperationID, "action": o.Action, "kind": o.Kind})
		for _, p := range o.Parameters {
			all[at+" ?"+p.Name] = canonical(p.Schema)
		}
		addContent(all, at+" takes ", o.RequestBody.Content)
		for code, response := range o.Responses {
			all[at+" = "+code] = "yes"
			addContent(all, at+" = "+code+" ", response.Content)
		}
	}
	return nil
}

func addContent(all map[string]string, at string, c content) {
	for media, body := range c {
		all[at+media] = canonical(body.Schema)
	}
}

// canonical is JSON in the order of its keys, without what is for people to
// read: descriptions, and the values that an enumeration lists, which is
// published without them.
func canonical(v any) string {
	text, err := json.Marshal(undescribed(v))
	if err != nil {
		panic(err) // it was JSON a moment ago
	}
	return string(text)
}

func undescribed(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			if key == "description" || key == "enum" {
				delete(v, key)
			} else {
				v[key] = undescribed(v[key])
			}
		}
	case []any:
		for i := range v {
			v[i] = undescribed(v[i])
		}
	}
	return v
}
