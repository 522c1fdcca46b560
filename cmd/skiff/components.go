package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"skiff/internal/wire"
)

func schedulerCommand() *cobra.Command {
	return componentCommand("scheduler", "Run the scheduler alone, against any Kubernetes API server",
		wire.RunScheduler, (*wire.Component).AddLeaderElectionFlags)
}

func controllerManagerCommand() *cobra.Command {
	return componentCommand("controller-manager", "Run the controllers alone, against any Kubernetes API server",
		wire.RunControllers, (*wire.Component).AddLeaderElectionFlags, (*wire.Component).AddControllerManagerFlags)
}

func kubeletCommand() *cobra.Command {
	return componentCommand("kubelet", "Run the kubelet alone, against any Kubernetes API server and CRI runtime",
		wire.RunKubelet, (*wire.Component).AddNodeFlags, (*wire.Component).AddKubeletFlags)
}

func proxyCommand() *cobra.Command {
	return componentCommand("proxy", "Run the service proxy alone, against any Kubernetes API server",
		wire.RunProxy, (*wire.Component).AddNodeFlags)
}

// componentCommand is a command that runs one component.
func componentCommand(use, short string, run func(context.Context, wire.Component) error, flags ...func(*wire.Component, *pflag.FlagSet)) *cobra.Command {
	c := wire.Component{Config: wire.Defaults()}
	return runnable(use, short,
		func(_ *wire.Config, f *pflag.FlagSet) {
			c.AddFlags(f)
			for _, add := range flags {
				add(&c, f)
			}
		},
		func(ctx context.Context, _ wire.Config) error { return run(ctx, c) })
}
