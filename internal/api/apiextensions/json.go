package apiextensions

import (
	"errors"

	"k8s.io/apimachinery/pkg/util/json"
)

// MarshalJSON writes the value as it is.
func (j JSON) MarshalJSON() ([]byte, error) {
	if len(j.Raw) == 0 {
		return []byte("null"), nil
	}
	return j.Raw, nil
}

// UnmarshalJSON keeps the value as it is. A null is no value.
func (j *JSON) UnmarshalJSON(data []byte) error {
	if string(data) != "null" {
		j.Raw = append(j.Raw[:0], data...)
	}
	return nil
}

// MarshalJSON writes a list, if there is one, or the schema.
func (s SchemaOrArray) MarshalJSON() ([]byte, error) {
	if len(s.Schemas) > 0 {
		return json.Marshal(s.Schemas)
	}
	return json.Marshal(s.Schema)
}

// UnmarshalJSON reads either; what is neither leaves it empty.
func (s *SchemaOrArray) UnmarshalJSON(data []byte) error {
	*s = SchemaOrArray{}
	switch first(data) {
	case '{':
		return json.Unmarshal(data, &s.Schema)
	case '[':
		return json.Unmarshal(data, &s.Schemas)
	}
	return nil
}

// MarshalJSON writes the schema, if there is one, or the boolean.
func (s SchemaOrBool) MarshalJSON() ([]byte, error) {
	if s.Schema != nil {
		return json.Marshal(s.Schema)
	}
	return json.Marshal(s.Allows)
}

// UnmarshalJSON reads either, and nothing else.
func (s *SchemaOrBool) UnmarshalJSON(data []byte) error {
	*s = SchemaOrBool{}
	switch first(data) {
	case '{':
		s.Allows = true
		return json.Unmarshal(data, &s.Schema)
	case 't', 'f':
		return json.Unmarshal(data, &s.Allows)
	}
	return errors.New("boolean or JSON schema expected")
}

// MarshalJSON writes the strings, if there are any, or the schema.
func (s SchemaOrStringArray) MarshalJSON() ([]byte, error) {
	if len(s.Property) > 0 {
		return json.Marshal(s.Property)
	}
	return json.Marshal(s.Schema)
}

// UnmarshalJSON reads either; what is neither leaves it empty.
func (s *SchemaOrStringArray) UnmarshalJSON(data []byte) error {
	*s = SchemaOrStringArray{}
	switch first(data) {
	case '{':
		return json.Unmarshal(data, &s.Schema)
	case '[':
		return json.Unmarshal(data, &s.Property)
	}
	return nil
}

func first(data []byte) byte {
	if len(data) == 0 {
		return 0
	}
	return data[0]
}
