package wire

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Status prints what runs on dataDir, and how it is. A cluster that does not
// run is an error, so that scripts can ask.
func Status(ctx context.Context, dataDir string, out io.Writer) error {
	dataDir, err := filepath.Abs(dataDir)
	if err != nil {
		return err
	}
	s, err := loadState(dataDir)
	if err != nil {
		return err
	}
	pid := runningPID(dataDir)
	if s == nil || pid == 0 {
		return fmt.Errorf("no cluster runs on %s: start one with `skiff up`", dataDir)
	}
	fmt.Fprintf(out, "cluster %s, %s, process %d, data in %s\n", s.ClusterName, s.Role, pid, dataDir)
	if pods, err := netip.ParsePrefix(s.ClusterCIDR); err == nil {
		if warning := forwardingDropped(pods); warning != "" {
			fmt.Fprintf(out, "warning: %s\n", warning)
		}
	}
	if s.Role != "server" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	client, err := adminClient(adminKubeconfig(dataDir))
	if err != nil {
		return err
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("the API server does not answer: %w", err)
	}
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	return printNodes(out, nodes.Items, pods.Items)
}

func printNodes(out io.Writer, nodes []corev1.Node, pods []corev1.Pod) error {
	running := map[string]int{}
	for _, p := range pods {
		if p.Status.Phase == corev1.PodRunning {
			running[p.Spec.NodeName]++
		}
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, "NODE\tSTATUS\tPODS RUNNING")
	for _, n := range nodes {
		status := "NotReady"
		if nodeReady(&n) {
			status = "Ready"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\n", n.Name, status, running[n.Name])
	}
	return w.Flush()
}

func nodeReady(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func adminClient(kubeconfig string) (kubernetes.Interface, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(cfg)
}
