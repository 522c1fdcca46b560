// Package statefulset keeps the numbered pods of StatefulSets, each with a
// name, a host name and storage that stay its own, and changes them in order.
//
// It reads StatefulSets, Pods, PersistentVolumeClaims and ControllerRevisions;
// it owns the pods' and the claims' existence and owner references, the
// revisions, and the StatefulSets' status. identity.go, decide.go, claims.go
// and status.go decide; controller.go and sync.go act.
package statefulset
