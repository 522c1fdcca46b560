// Command bench measures a one-node cluster on this machine and prints a
// table: how long things take, what an idle cluster costs. It needs root and
// a built bin/skiff, and leaves nothing on the host.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"skiff/test/images"
)

// result is one row of the table.
type result struct{ what, target, measured string }

func main() {
	log.SetFlags(0)
	if os.Geteuid() != 0 {
		log.Fatal("bench runs containers: run it as root")
	}
	results, err := measure(context.Background())
	if err != nil {
		defer log.Fatal(err) // after what was measured
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "WORK\tTARGET\tMEASURED")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.what, r.target, r.measured)
	}
	w.Flush()
}

func measure(ctx context.Context) (results []result, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	registry, err := images.Start(ctx, filepath.Join(cache, "skiff-test-images"))
	if err != nil {
		return nil, err
	}
	defer registry.Close()
	c, err := newCluster(registry.HostsDir)
	if err != nil {
		return nil, err
	}
	defer c.remove()
	for _, step := range []func(context.Context, *cluster) ([]result, error){size, start, idle, run, sixty, busy} {
		rows, err := step(ctx, c)
		if err != nil {
			return results, err
		}
		results = append(results, rows...)
	}
	return results, nil
}

// cluster is a one-node cluster in a data directory of its own.
type cluster struct {
	data, hosts, skiff string
	client             kubernetes.Interface
}

func newCluster(hosts string) (*cluster, error) {
	skiff, err := filepath.Abs("bin/skiff")
	if err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp("/var/tmp", "sk")
	if err != nil {
		return nil, err
	}
	return &cluster{data: data, hosts: hosts, skiff: skiff}, nil
}

func (c *cluster) command(args ...string) *exec.Cmd {
	cmd := exec.Command(c.skiff, args...)
	cmd.Env = append(os.Environ(), "SKIFF_DATA_DIR="+c.data, "HOME="+c.data, "KUBECONFIG="+filepath.Join(c.data, "admin.kubeconfig"))
	cmd.Stderr = os.Stderr
	return cmd
}

// elsewhere keeps the cluster apart from one that runs on this machine with
// the default settings.
var elsewhere = []string{
	"--https-port=16443", "--kubelet-port=20250",
	"--cluster-cidr=10.46.0.0/16", "--service-cidr=10.94.0.0/16", "--cluster-dns=10.94.0.10",
}

// up starts the cluster and returns how long that took.
func (c *cluster) up() (time.Duration, error) {
	began := time.Now()
	if err := c.command(append([]string{"up", "--registry-hosts-dir", c.hosts}, elsewhere...)...).Run(); err != nil {
		return 0, fmt.Errorf("skiff up: %w", err)
	}
	took := time.Since(began)
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(c.data, "admin.kubeconfig"))
	if err != nil {
		return 0, err
	}
	config.QPS = -1
	c.client, err = kubernetes.NewForConfig(config)
	return took, err
}

func (c *cluster) down() error { return c.command("down").Run() }

func (c *cluster) remove() {
	if err := c.command("down", "--purge").Run(); err != nil {
		log.Print(err)
	}
	os.RemoveAll(c.data)
}
