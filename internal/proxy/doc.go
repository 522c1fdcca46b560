// Package proxy is the node's service proxy: it turns Services and their
// EndpointSlices into nftables rules, spoken to the kernel over netlink.
//
// It owns two nftables tables (families ip and ip6) named by host.Names, and
// the sysctl settings that it notes down inside them; it never touches other
// tables, links, routes or the API's objects, which it only reads.
//
// The shape is: pure functions first. planService says what one Service needs
// (chains, map elements, affinity sets); state keeps the plans of all Services
// and answers each new plan with the difference; kernel writes a difference in
// one netlink transaction. A changed Service costs its own chains and elements
// and nothing else, and packets see either the old rules or the new ones.
package proxy
