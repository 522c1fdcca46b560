package storagemigration

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestStorageVersionMigration(t *testing.T) {
	of := func(resource string) string { return "{metadata: {name: m}, spec: {resource: {" + resource + "}}}" }
	apitest.Refused(t, StorageVersionMigration, of("group: apps, resource: deployments"))
	apitest.Refused(t, StorageVersionMigration, of(""), "spec.resource.resource: Required value: resource is required")
	apitest.Updated(t, StorageVersionMigration, of("resource: pods"), of("group: apps, resource: deployments"),
		`group: Invalid value: "apps": field is immutable`, `resource: Invalid value: "deployments": field is immutable`)
}

func TestStorageVersionMigrationStatus(t *testing.T) {
	status := func(s string) string {
		return "{metadata: {name: m}, spec: {resource: {resource: pods}}, status: {" + s + "}}"
	}
	is := func(t, s string) string {
		return `{type: ` + t + `, status: "` + s + `", reason: R, lastTransitionTime: "2000-01-01T00:00:00Z"}`
	}
	for _, c := range []struct {
		old, now string
		want     []string
	}{
		{"", `resourceVersion: "7"`, nil},
		{"", "resourceVersion: x", []string{`status.resourceVersion: Invalid value: "x": failed to parse resource version "x": `}},
		{"", `resourceVersion: "-1"`, []string{"status.resourceVersion: Invalid value: -1: must be greater than or equal to 0"}},
		{`resourceVersion: "7"`, `resourceVersion: "8"`, []string{`status.resourceVersion: Invalid value: "8": cannot be updated`}},
		{"", "conditions: [" + is("Succeeded", "True") + "," + is("Failed", "True") + "]", []string{
			"status.conditions: Invalid value: [{"}},
		{"", "conditions: [" + is("Succeeded", "True") + "," + is("Running", "True") + "]", []string{
			"status.conditions: Invalid value: [{"}},
		{"conditions: [" + is("Succeeded", "True") + "]", "", []string{
			"status.conditions: Invalid value: null: Success condition cannot be set to false once it is true"}},
	} {
		apitest.PartUpdated(t, StorageVersionMigration, "status", status(c.old), status(c.now), c.want...)
	}
}
