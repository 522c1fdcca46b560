// Command skiff-shim is containerd's shim for runc in a program of its own:
// one of it lives beside every pod, for as long as the pod does, so it
// carries nothing that a pod does not need. skiff embeds it, and writes it
// out as containerd-shim-runc-v2.
package main

import (
	"context"

	"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/manager"
	_ "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/task/plugin"
	"github.com/containerd/containerd/v2/pkg/shim"
)

func main() {
	shim.RunShim(context.Background(), manager.NewShimManager("io.containerd.runc.v2"))
}
