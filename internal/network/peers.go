package network

import (
	"net/netip"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// Annotations by which a node announces its end of the tunnel.
const (
	annotationMAC = "skiff.io/vtep-mac"
	annotationVNI = "skiff.io/vtep-vni"
	annotationIP  = "skiff.io/vtep-ip"
)

// peer is another node, as far as routing to its pods goes.
type peer struct {
	PodCIDR netip.Prefix
	VTEP    vtep
}

// peerOf reads a Node. It is not ok until the node has a range and has
// announced itself.
func peerOf(node *corev1.Node) (p peer, ok bool) {
	podCIDR, ok := podCIDROf(node)
	if !ok {
		return p, false
	}
	vni, err := strconv.Atoi(node.Annotations[annotationVNI])
	if err != nil || vni <= 0 || vni >= 1<<24 {
		return p, false
	}
	ip, err := netip.ParseAddr(node.Annotations[annotationIP])
	if err != nil || !ip.Is4() || node.Annotations[annotationMAC] == "" {
		return p, false
	}
	return peer{podCIDR, vtep{node.Annotations[annotationMAC], vni, ip}}, true
}

// podCIDROf is the node's IPv4 range of pods, if it has been given one.
func podCIDROf(node *corev1.Node) (netip.Prefix, bool) {
	for _, cidr := range append([]string{node.Spec.PodCIDR}, node.Spec.PodCIDRs...) {
		if prefix, err := netip.ParsePrefix(cidr); err == nil && prefix.Addr().Is4() {
			return prefix.Masked(), true
		}
	}
	return netip.Prefix{}, false
}

// announcement is what a node with this end writes on itself.
func announcement(v vtep) map[string]string {
	return map[string]string{
		annotationMAC: v.MAC,
		annotationVNI: strconv.Itoa(v.VNI),
		annotationIP:  v.IP.String(),
	}
}

// announced says whether the node already says so.
func announced(node *corev1.Node, v vtep) bool {
	for key, value := range announcement(v) {
		if node.Annotations[key] != value {
			return false
		}
	}
	return true
}

// wantedPeers are all nodes but this one that can be reached, by their range.
func wantedPeers(nodes []*corev1.Node, self string) map[netip.Prefix]peer {
	want := map[netip.Prefix]peer{}
	for _, node := range nodes {
		if p, ok := peerOf(node); ok && node.Name != self {
			want[p.PodCIDR] = p
		}
	}
	return want
}

// difference is what must be done to get from have to want.
func difference(have, want map[netip.Prefix]peer) (update, remove []peer) {
	for cidr, p := range want {
		if have[cidr] != p {
			update = append(update, p)
		}
	}
	for cidr, p := range have {
		if w, ok := want[cidr]; !ok || w.VTEP.MAC != p.VTEP.MAC {
			remove = append(remove, p)
		}
	}
	return update, remove
}
