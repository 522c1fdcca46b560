// Package history keeps the ControllerRevisions of DaemonSets and
// StatefulSets: a numbered record of each template that the object had, which
// kubectl rollout history and undo read.
package history
