// Package hostfile makes what pods find in /etc: resolv.conf, hosts and the
// host name.
package hostfile

import (
	"bufio"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Limits of resolv.conf, the ones that the API allows a pod.
const (
	maxNameservers = 3
	maxSearches    = 32
	maxSearchChars = 2048
)

// Resolv is the content of a resolv.conf.
type Resolv struct{ Nameservers, Searches, Options []string }

// ParseResolv reads a resolv.conf.
func ParseResolv(r io.Reader) Resolv {
	var out Resolv
	for lines := bufio.NewScanner(r); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "nameserver":
			out.Nameservers = append(out.Nameservers, words[1])
		case "search":
			out.Searches = nil // the last line counts
			for _, w := range words[1:] {
				out.Searches = append(out.Searches, trimDot(w))
			}
		case "options":
			out.Options = words[1:]
		}
	}
	return out
}

func trimDot(s string) string {
	if s == "." {
		return s
	}
	return strings.TrimSuffix(s, ".")
}

// DNS is how a cluster's pods resolve names.
type DNS struct {
	Servers []string // of the cluster
	Domain  string
	Host    Resolv // the node's own
}

// For returns a pod's resolver settings by its policy and its own additions.
func (d DNS) For(pod *corev1.Pod) *runtimeapi.DNSConfig {
	r := d.base(pod)
	if c := pod.Spec.DNSConfig; c != nil {
		r.Nameservers = appendNew(r.Nameservers, c.Nameservers)
		r.Searches = appendNew(r.Searches, c.Searches)
		r.Options = mergeOptions(r.Options, c.Options)
	}
	r.Nameservers = r.Nameservers[:min(len(r.Nameservers), maxNameservers)]
	r.Searches = limitSearches(r.Searches)
	return &runtimeapi.DNSConfig{Servers: r.Nameservers, Searches: r.Searches, Options: r.Options}
}

func (d DNS) base(pod *corev1.Pod) Resolv {
	switch policy := pod.Spec.DNSPolicy; {
	case policy == corev1.DNSNone:
		return Resolv{}
	case policy == corev1.DNSDefault, policy == corev1.DNSClusterFirst && pod.Spec.HostNetwork, len(d.Servers) == 0:
		return Resolv{slices.Clone(d.Host.Nameservers), slices.Clone(d.Host.Searches), slices.Clone(d.Host.Options)}
	}
	r := Resolv{Nameservers: slices.Clone(d.Servers), Options: []string{"ndots:5"}}
	if d.Domain != "" {
		r.Searches = []string{pod.Namespace + ".svc." + d.Domain, "svc." + d.Domain, d.Domain}
	}
	r.Searches = appendNew(r.Searches, d.Host.Searches)
	return r
}

func appendNew(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// mergeOptions adds options, which replace those of the same name.
func mergeOptions(list []string, more []corev1.PodDNSConfigOption) []string {
	for _, o := range more {
		list = slices.DeleteFunc(list, func(s string) bool {
			name, _, _ := strings.Cut(s, ":")
			return name == o.Name
		})
		if o.Value != nil && *o.Value != "" {
			list = append(list, o.Name+":"+*o.Value)
		} else {
			list = append(list, o.Name)
		}
	}
	return list
}

func limitSearches(list []string) []string {
	list = list[:min(len(list), maxSearches)]
	for len(strings.Join(list, " ")) > maxSearchChars {
		list = list[:len(list)-1]
	}
	return list
}
