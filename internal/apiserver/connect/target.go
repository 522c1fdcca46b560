package connect

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/api/core"
)

// pod reads the pod of a request.
func (c *Connector) pod(ctx context.Context, namespace, name string) (*corev1.Pod, error) {
	obj, err := c.reader.Get(ctx, core.Pod, namespace, name)
	if err != nil {
		return nil, err
	}
	return obj.(*corev1.Pod), nil
}

// kubeletOf is the address of a node's kubelet.
func (c *Connector) kubeletOf(ctx context.Context, node string) (string, error) {
	obj, err := c.reader.Get(ctx, core.Node, "", node)
	if err != nil {
		return "", err
	}
	n := obj.(*corev1.Node)
	host := addressOf(n)
	if host == "" {
		return "", apierrors.NewInternalError(fmt.Errorf("node %q has no address at which its kubelet can be reached", node))
	}
	port := int(n.Status.DaemonEndpoints.KubeletEndpoint.Port)
	if port == 0 {
		port = 10250
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}

// addressOf is the first address of a node in the order in which API servers
// prefer them.
func addressOf(n *corev1.Node) string {
	order := []corev1.NodeAddressType{corev1.NodeInternalIP, corev1.NodeExternalIP, corev1.NodeHostName, corev1.NodeInternalDNS, corev1.NodeExternalDNS}
	for _, t := range order {
		for _, a := range n.Status.Addresses {
			if a.Type == t {
				return a.Address
			}
		}
	}
	return ""
}

// containerOf is the container that a request means: the one it names, or the
// only one there is.
func containerOf(p *corev1.Pod, name string) (string, error) {
	if name == "" {
		return onlyContainer(p)
	}
	if slices.Contains(containers(p), name) || slices.Contains(initContainers(p), name) || slices.Contains(ephemeral(p), name) {
		return name, nil
	}
	return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, p.Name))
}

func onlyContainer(p *corev1.Pod) (string, error) {
	all := containers(p)
	if len(all) == 1 {
		return all[0], nil
	}
	text := fmt.Sprintf("a container name must be specified for pod %s, choose one of: [%s]", p.Name, strings.Join(all, " "))
	if first := initContainers(p); len(first) > 0 {
		text += fmt.Sprintf(" or one of the init containers: [%s]", strings.Join(first, " "))
	}
	return "", apierrors.NewBadRequest(text)
}

func containers(p *corev1.Pod) (names []string) {
	for _, c := range p.Spec.Containers {
		names = append(names, c.Name)
	}
	return names
}

func initContainers(p *corev1.Pod) (names []string) {
	for _, c := range p.Spec.InitContainers {
		names = append(names, c.Name)
	}
	return names
}

func ephemeral(p *corev1.Pod) (names []string) {
	for _, c := range p.Spec.EphemeralContainers {
		names = append(names, c.Name)
	}
	return names
}
