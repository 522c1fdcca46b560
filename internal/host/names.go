// Package host names what skiff makes in the kernel of the machine, so that
// several clusters and nodes can live side by side and `skiff down` can tell
// its own from others'.
package host

import (
	"crypto/sha256"
	"encoding/hex"
)

// Names makes the names of one node's links, tables, namespaces and cgroups.
type Names struct {
	Cluster string // "skiff"; another data directory has another name
	Node    string // the Node object's name
}

// ID is a short hash of cluster and node: 6 hex digits.
func (n Names) ID() string {
	sum := sha256.Sum256([]byte(n.Cluster + "/" + n.Node))
	return hex.EncodeToString(sum[:3])
}

// Link names a network device: "sk" + ID + kind, where kind is at most 7
// characters ("br", "vx"); Linux allows 15.
func (n Names) Link(kind string) string { return "sk" + n.ID() + kind }

// Table names an nftables table: "skiff-KIND-ID".
func (n Names) Table(kind string) string { return "skiff-" + kind + "-" + n.ID() }

// Cgroup is the group under which all the node's pods live, as a path below
// each hierarchy's root: "/skiff-CLUSTER-NODE".
func (n Names) Cgroup() string { return "/skiff-" + n.Cluster + "-" + n.Node }

// Netns names the network namespace of a node that has one of its own.
func (n Names) Netns() string { return "skiff-" + n.Cluster + "-" + n.Node }
