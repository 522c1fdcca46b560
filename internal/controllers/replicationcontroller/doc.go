// Package replicationcontroller keeps as many pods running as each
// ReplicationController asks for. The work is that of package replicaset;
// here stands only how the one kind is told as the other.
package replicationcontroller
