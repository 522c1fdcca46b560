package main

import (
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"

	"skiff/internal/wire"
)

// kubectlCommand stands in skiff's help. What follows it is kubectl's alone:
// main does not have skiff's commands look at it.
func kubectlCommand() *cobra.Command {
	return &cobra.Command{
		Use: "kubectl", Short: "kubectl, built in", DisableFlagParsing: true,
		Run: func(_ *cobra.Command, args []string) { kubectl(args) },
	}
}

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
