package wire

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/client"
	"skiff/internal/footprint"
)

// announceReady tells whoever started this process when its node is Ready and,
// on a server, when pods can be made in the namespace "default". since is when
// the process started: what an earlier one said of the node does not count.
func announceReady(ctx context.Context, cfg *rest.Config, node string, since time.Time, server bool) error {
	clients, err := client.New(cfg, "skiff-ready")
	if err != nil {
		return err
	}
	err = awaitNode(ctx, clients.Kube, node, since)
	if err == nil && server {
		err = awaitDefaultServiceAccount(ctx, clients.Kube)
	}
	if err != nil {
		return ctx.Err()
	}
	notify("READY=1")
	footprint.ReleaseAfter(ctx, startOver)
	return nil
}

// awaitServer waits until the server that runs with the settings c, maybe just
// started by somebody else, is Ready.
func awaitServer(ctx context.Context, c Config) error {
	started, err := os.Stat(lockPath(c.DataDir))
	if err != nil {
		return err
	}
	kube, err := awaitAdmin(ctx, c)
	if err == nil && c.WithoutNode {
		err = awaitDefaultServiceAccount(ctx, kube)
	} else if err == nil {
		err = awaitNode(ctx, kube, c.NodeName, started.ModTime())
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: see %s, or the log of what started it", context.Cause(ctx), background{dataDir: c.DataDir}.logFile())
	}
	return err
}

// awaitAdmin is the administrator's client, as soon as there is a kubeconfig
// for it: a server writes it when its API answers for the first time.
func awaitAdmin(ctx context.Context, c Config) (kubernetes.Interface, error) {
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		kube, err := adminClient(c.AdminKubeconfig())
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return kube, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// startOver is how long after a node is Ready its start is over, the images in
// its data directory and what else it does at leisure included: what only the
// start needed is then given back.
const startOver = 5 * time.Second

// awaitNode waits until a kubelet that started after since says that the node
// is Ready.
func awaitNode(ctx context.Context, kube kubernetes.Interface, name string, since time.Time) error {
	since = since.Truncate(time.Second) // the API's times have no fractions
	nodes := kube.CoreV1().Nodes()
	return awaitObject(ctx, name, nodes.List, nodes.Watch, func(n *corev1.Node) bool {
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady {
				return c.Status == corev1.ConditionTrue && !c.LastHeartbeatTime.Time.Before(since)
			}
		}
		return false
	})
}

// awaitDefaultServiceAccount waits until pods can be made in the namespace
// "default".
func awaitDefaultServiceAccount(ctx context.Context, kube kubernetes.Interface) error {
	accounts := kube.CoreV1().ServiceAccounts(metav1.NamespaceDefault)
	return awaitObject(ctx, "default", accounts.List, accounts.Watch, func(*corev1.ServiceAccount) bool { return true })
}
