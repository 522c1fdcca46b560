// Package services gives Services their cluster addresses and node ports, each
// at most once in the cluster, however many API servers there are.
//
// What is taken is known from etcd alone. An address is taken by creating the
// IPAddress of its name, which only one can; node ports by changing the one
// RangeAllocation of all, from the revision that was read. The caches are only
// asked for candidates, so a stale one costs another try and never gives
// anything twice.
//
// An Allocator takes what a Service needs before the Service is written, and
// gives back what nobody needs once it is known how the write ended. What falls
// between the two, when a server stops in the middle, is found by Run: it
// releases what no Service holds, takes what a Service holds without having
// it, and reports by Events what it cannot settle.
//
// It owns IPAddresses that are labelled as managed by ipallocator.k8s.io and
// the RangeAllocation of node ports. It reads ServiceCIDRs and Services and
// writes neither.
package services
