// Package core decides on which node a pod should run. It is pure: no
// goroutine, no clock, no client. What it knows of the cluster is a State,
// which its owner keeps up to date; a State does not change while Decide runs.
//
// Filters say which nodes can run a pod and Scores which of those should, one
// file each. What a plug-in finds out about a node depends either on the pod
// and that node alone (local.go), or on what runs in the node's topology
// domain (spread.go, affinity.go). Both are remembered for all pods that ask
// the same, and worked out again only for nodes that changed since: to place
// the next of many identical pods, one node is looked at, whatever the size of
// the cluster.
package core
