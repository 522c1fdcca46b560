package podsecurity

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

func hostNamespaces(s *subject) *Violation {
	var set []string
	for _, f := range []struct {
		name string
		on   bool
	}{{"hostNetwork=true", s.spec.HostNetwork}, {"hostPID=true", s.spec.HostPID}, {"hostIPC=true", s.spec.HostIPC}} {
		if f.on {
			set = append(set, f.name)
		}
	}
	if len(set) == 0 {
		return nil
	}
	return &Violation{"host namespaces", strings.Join(set, ", ")}
}

const pathReason = "hostPath volumes"

func hostPaths(s *subject) *Violation {
	var names []string
	for _, v := range s.spec.Volumes {
		if v.HostPath != nil {
			names = append(names, v.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &Violation{pathReason, plural("volume", names)}
}

func hostPorts(s *subject) *Violation {
	var ports []string
	names := s.where(func(c *corev1.Container) (bad bool) {
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				bad, ports = true, append(ports, fmt.Sprint(p.HostPort))
			}
		}
		return bad
	})
	if len(names) == 0 {
		return nil
	}
	ports = sortedSet(ports)
	return &Violation{"hostPort", fmt.Sprintf("%s %s %s %s", container(names), uses(names), pluralOf("hostPort", ports), strings.Join(ports, ", "))}
}

func uses(names []string) string {
	if len(names) == 1 {
		return "uses"
	}
	return "use"
}

// hostProbes (1.34): a probe or hook that names a host lets the kubelet, which
// is on the node's network, call anywhere.
func hostProbes(s *subject) *Violation {
	if !s.version.since(34) {
		return nil
	}
	var hosts []string
	names := s.where(func(c *corev1.Container) (bad bool) {
		for _, h := range hostsOf(c) {
			if h != "" {
				bad, hosts = true, append(hosts, h)
			}
		}
		return bad
	})
	if len(names) == 0 {
		return nil
	}
	names, hosts = sortedSet(names), sortedSet(hosts)
	return &Violation{"probe or lifecycle host", fmt.Sprintf("%s %s %s", container(names), uses(names), plural("probe or lifecycle host", hosts))}
}

func hostsOf(c *corev1.Container) (hosts []string) {
	add := func(get *corev1.HTTPGetAction, tcp *corev1.TCPSocketAction) {
		if get != nil {
			hosts = append(hosts, get.Host)
		}
		if tcp != nil {
			hosts = append(hosts, tcp.Host)
		}
	}
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if p != nil {
			add(p.HTTPGet, p.TCPSocket)
		}
	}
	if l := c.Lifecycle; l != nil {
		for _, h := range []*corev1.LifecycleHandler{l.PostStart, l.PreStop} {
			if h != nil {
				add(h.HTTPGet, h.TCPSocket)
			}
		}
	}
	return hosts
}

func privileged(s *subject) *Violation {
	names := s.where(func(c *corev1.Container) bool { p := security(c).Privileged; return p != nil && *p })
	if len(names) == 0 {
		return nil
	}
	return &Violation{"privileged", container(names) + " must not set securityContext.privileged=true"}
}

// relaxed pods (1.35) have a user namespace of their own, where root is nobody.
func (s *subject) relaxed() bool {
	return s.version.since(35) && s.spec.HostUsers != nil && !*s.spec.HostUsers
}

const procReason = "procMount"

// procMountsBaseline (1.35) lets such pods mount /proc as they like.
func procMountsBaseline(s *subject) *Violation {
	if s.relaxed() {
		return nil
	}
	return procMounts(s)
}

func procMounts(s *subject) *Violation {
	var values []string
	names := s.where(func(c *corev1.Container) bool {
		p := security(c).ProcMount
		if p == nil || *p == corev1.DefaultProcMount {
			return false
		}
		values = append(values, string(*p))
		return true
	})
	if len(names) == 0 {
		return nil
	}
	return &Violation{procReason, fmt.Sprintf("%s must not set securityContext.procMount to %s", container(names), quoted(sortedSet(values)))}
}

// The capabilities that a container may add at baseline: those of Docker.
var baselineCapabilities = []string{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

const addedReason = "non-default capabilities"

func addedCapabilities(s *subject) *Violation {
	var added []string
	names := s.where(func(c *corev1.Container) bool {
		bad := addedBeyond(c, baselineCapabilities)
		added = append(added, bad...)
		return len(bad) > 0
	})
	if len(names) == 0 {
		return nil
	}
	return &Violation{addedReason, fmt.Sprintf("%s must not include %s in securityContext.capabilities.add", container(names), quoted(sortedSet(added)))}
}

func addedBeyond(c *corev1.Container, allowed []string) (bad []string) {
	if security(c).Capabilities == nil {
		return nil
	}
	for _, a := range security(c).Capabilities.Add {
		if !slices.Contains(allowed, string(a)) {
			bad = append(bad, string(a))
		}
	}
	return bad
}

// The SELinux types that a pod may choose.
func seLinuxTypes(v Version) []string {
	types := []string{"", "container_t", "container_init_t", "container_kvm_t"}
	if v.since(31) {
		types = append(types, "container_engine_t")
	}
	return types
}

func seLinux(s *subject) *Violation {
	var setters, types, said []string
	user, role := false, false
	judge := func(o *corev1.SELinuxOptions) (bad bool) {
		if o == nil {
			return false
		}
		if !slices.Contains(seLinuxTypes(s.version), o.Type) {
			bad, types = true, append(types, o.Type)
		}
		user, role = user || o.User != "", role || o.Role != ""
		return bad || o.User != "" || o.Role != ""
	}
	if judge(s.security().SELinuxOptions) {
		setters = append(setters, "pod")
	}
	if names := s.where(func(c *corev1.Container) bool { return judge(security(c).SELinuxOptions) }); len(names) > 0 {
		setters = append(setters, container(names))
	}
	if len(setters) == 0 {
		return nil
	}
	if len(types) > 0 {
		said = append(said, plural("type", sortedSet(types)))
	}
	if user {
		said = append(said, "user may not be set")
	}
	if role {
		said = append(said, "role may not be set")
	}
	return &Violation{"seLinuxOptions", fmt.Sprintf("%s set forbidden securityContext.seLinuxOptions: %s", strings.Join(setters, " and "), strings.Join(said, "; "))}
}

// sysctls that are safe, and since which minor release the standards say so.
var safeSysctls = map[string]int{
	"kernel.shm_rmid_forced": 0, "net.ipv4.ip_local_port_range": 0, "net.ipv4.tcp_syncookies": 0, "net.ipv4.ping_group_range": 0,
	"net.ipv4.ip_unprivileged_port_start": 0, "net.ipv4.ip_local_reserved_ports": 27, "net.ipv4.tcp_keepalive_time": 29,
	"net.ipv4.tcp_fin_timeout": 29, "net.ipv4.tcp_keepalive_intvl": 29, "net.ipv4.tcp_keepalive_probes": 29,
	"net.ipv4.tcp_rmem": 32, "net.ipv4.tcp_wmem": 32,
	"net.ipv4.tcp_slow_start_after_idle": 37, "net.ipv4.tcp_notsent_lowat": 37,
}

func sysctls(s *subject) *Violation {
	var names []string
	for _, c := range s.security().Sysctls {
		if since, safe := safeSysctls[c.Name]; !safe || !s.version.since(since) {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &Violation{"forbidden sysctls", strings.Join(names, ", ")}
}

func hostProcess(s *subject) *Violation {
	on := func(o *corev1.WindowsSecurityContextOptions) bool {
		return o != nil && o.HostProcess != nil && *o.HostProcess
	}
	var setters []string
	if on(s.security().WindowsOptions) {
		setters = append(setters, "pod")
	}
	if names := s.where(func(c *corev1.Container) bool { return on(security(c).WindowsOptions) }); len(names) > 0 {
		setters = append(setters, container(names))
	}
	if len(setters) == 0 {
		return nil
	}
	return &Violation{"hostProcess", strings.Join(setters, " and ") + " must not set securityContext.windowsOptions.hostProcess=true"}
}
