// Package dns answers the names of the cluster on every node, from the Services
// and EndpointSlices that the node's proxy knows anyway, and asks the machine's
// own resolvers for all other names.
//
// It follows the Kubernetes DNS-Based Service Discovery specification 1.1.0.
// Records of the cluster live five seconds (as CoreDNS's are unless configured
// otherwise): long enough to spare a busy client most of its questions, short
// enough that a headless Service's pods are not asked for long after they end.
//
// It owns the sockets that it listens on, and nothing else. Pods know the
// cluster DNS address; the proxy sends what goes there to this node's socket.
//
// zone answers questions as a pure function of a view of the API; forwarder and
// answerCache deal with the world outside; server ties them to sockets.
package dns
