// Package daemonset keeps one pod of each DaemonSet on every node that it is
// for, and replaces them, a few nodes at a time, when the template changes.
//
// It reads DaemonSets, Pods, Nodes and ControllerRevisions; it owns the pods'
// existence and owner references, the DaemonSets' revisions and their status.
// place.go, rolling.go and status.go decide; controller.go and sync.go act.
package daemonset
