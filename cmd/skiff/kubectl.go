package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"

	"skiff/internal/wire"
)

// kubectl runs the built-in kubectl and does not return. Without KUBECONFIG
// it speaks to the cluster on this machine.
func kubectl(args []string) {
	os.Args = append([]string{"kubectl"}, args...)
	wire.DefaultKubeconfig()
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
	os.Exit(0)
}
