package apiextensions

import (
	"slices"
	"strings"
)

// stringFormats are those that texts are checked against; dashes do not count.
var stringFormats = strings.Fields(`bsonobjectid uri email hostname ipv4 ipv6 cidr mac uuid uuid3 uuid4 uuid5 isbn isbn10 isbn13
	creditcard ssn hexcolor rgbcolor byte password date duration datetime k8sshortname k8slongname`)

// formatKnown says whether the format of a schema means anything.
func formatKnown(s *Schema) bool {
	switch s.Type {
	case "", "string":
		return slices.Contains(stringFormats, strings.ReplaceAll(s.Format, "-", ""))
	case "integer":
		return s.Format == "int32" || s.Format == "int64"
	case "number":
		return s.Format == "float" || s.Format == "double"
	}
	return false
}
