// Package network gives pods their network: an address each, a path to every
// other pod, to the nodes and to the world, and the node's ports that they ask
// for.
//
// Every pod hangs on a link of its own, with a route to its one address; there
// is no bridge. So all traffic of pods passes the kernel's IP layer and its
// hooks, also between two pods of one node, and Services work without
// br_netfilter (docs/decisions/routed-pods.md). Other nodes are reached
// through VXLAN: each node announces its end of the tunnel in annotations of
// its own Node object, and follows the announcements of the others.
//
// It owns, in the kernel, the links whose names begin with the node's prefix,
// the routes and neighbours on them, and one nftables table; on disk, the
// directory network and the CNI configuration below the data directory.
// It never touches the containers nor the rules of Services, which are the
// kubelet's and the proxy's. NetworkPolicy has its place in the table's
// forward hook, which nothing uses yet.
package network
