// Package conformance holds skiff's API server against what Kubernetes
// publishes about its own: every stable operation answers, every promise of
// the conformance suite that a cluster without nodes and without extensions
// can keep is kept, and the OpenAPI documents have the fields that they have
// upstream.
//
// What Kubernetes publishes lies in testdata, as facts: names, paths, digests.
// The package is tests alone; it composes an API server as a cluster has it,
// where a promise needs them with the controllers, and speaks to it as
// client-go, as kubectl, and in plain HTTP.
package conformance
