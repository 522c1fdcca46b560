package storagemigration

import (
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

func TestStorageVersionMigration(t *testing.T) {
	of := func(resource string) string { return "{metadata: {name: m}, spec: {resource: {" + resource + "}}}" }
	apitest.Refused(t, StorageVersionMigration, of("group: apps, resource: deployments"))
	apitest.Refused(t, StorageVersionMigration, of("resource: pods"))
	apitest.Refused(t, StorageVersionMigration, of(""), "spec.resource.resource: Required value: resource is required to be set")
	apitest.Refused(t, StorageVersionMigration, of("group: A_B, resource: 1a"),
		`spec.resource.resource: Invalid value: "1a": a DNS-1035 label must consist of`, `spec.resource.group: Invalid value: "A_B": a lowercase RFC 1123 subdomain`)
	apitest.Refused(t, StorageVersionMigration, of("resource: "+strings.Repeat("A", 64)),
		`spec.resource.resource: Invalid value: "`+strings.Repeat("A", 64)+`": must be no more than 63 characters,a DNS-1035 label must consist of`)
	apitest.Updated(t, StorageVersionMigration, of("resource: pods"), of("group: apps, resource: deployments"),
		`spec: Invalid value: {"resource":{"group":"apps","resource":"deployments"}}: field is immutable`)
}

func TestStorageVersionMigrationStatus(t *testing.T) {
	status := func(s string) string {
		return "{metadata: {name: m}, spec: {resource: {resource: pods}}, status: {" + s + "}}"
	}
	is := func(t, s string) string {
		return `{type: ` + t + `, status: "` + s + `", reason: R, lastTransitionTime: "2000-01-01T00:00:00Z"}`
	}
	const seven, both = `resourceVersion: "7"`, "status.conditions: Invalid value: [{"
	for _, c := range []struct {
		old, now string
		want     []string
	}{
		{"", seven, nil},
		{seven, seven, nil},
		{"", "", []string{`status.resourceVersion: Invalid value: "": resource version is not well formed: `}},
		{"", "resourceVersion: x", []string{`status.resourceVersion: Invalid value: "x": resource version is not well formed: x`}},
		{seven, `resourceVersion: "8"`, []string{`status.resourceVersion: Invalid value: "8": field is immutable`}},
		{"", seven + ", conditions: [" + is("Succeeded", "Maybe") + "]", []string{`status.conditions[0].status: Unsupported value: "Maybe"`}},
		{"", seven + ", conditions: [" + is("Succeeded", "True") + "," + is("Failed", "True") + "]", []string{both}},
		{"", seven + ", conditions: [" + is("Succeeded", "True") + "," + is("Running", "True") + "]", []string{both}},
		{"", seven + ", conditions: [" + is("Failed", "True") + "," + is("Running", "True") + "]", []string{both}},
		{seven + ", conditions: [" + is("Succeeded", "True") + "]", seven, []string{
			"status.conditions: Invalid value: null: Success condition cannot be set to false once it is true"}},
		{seven + ", conditions: [" + is("Failed", "True") + "]", seven, []string{
			"status.conditions: Invalid value: null: Failed condition cannot be set to false once it is true"}},
	} {
		apitest.PartUpdated(t, StorageVersionMigration, "status", status(c.old), status(c.now), c.want...)
	}
}
