// Package job runs the pods of Jobs until enough have succeeded, or too many
// have failed.
//
// It reads Jobs and Pods; it owns the pods' existence, owner references and
// the finalizer batch.kubernetes.io/job-tracking, and the Jobs' status. The
// finalizer keeps an ended pod until it is counted: its UID is first written
// to status.uncountedTerminatedPods, then the finalizer goes, then the counter
// moves. Whatever happens in between, no pod is counted twice or not at all.
//
// count.go, finish.go, policy.go, indexes.go and backoff.go decide;
// controller.go and sync.go act.
package job
