package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"skiff/internal/version"
	"skiff/internal/wire"
)

const about = `skiff is Kubernetes in one binary.

  skiff up                a cluster on this machine, in the background
  skiff kubectl get pods  kubectl, built in (also when called as kubectl)
  skiff down              stop it and leave nothing behind`

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use: "skiff", Short: "Kubernetes in one binary", Long: about,
		SilenceUsage: true, SilenceErrors: true,
	}
	cmd.AddCommand(
		upCommand(), downCommand(), statusCommand(),
		serverCommand(), agentCommand(), apiserverCommand(),
		schedulerCommand(), controllerManagerCommand(), kubeletCommand(), proxyCommand(),
		kubeconfigCommand(), tokenCommand(), imageCommand(), versionCommand(),
		kubectlCommand(),
	)
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w: `%s --help` lists the flags", err, c.CommandPath())
	})
	return cmd
}

// runnable is a command that takes a configuration from flags and a file.
func runnable(use, short string, flags func(*wire.Config, *pflag.FlagSet), run func(context.Context, wire.Config) error) *cobra.Command {
	c := wire.Defaults()
	var file string
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	flags(&c, cmd.Flags())
	cmd.Flags().StringVar(&file, "config", wire.DefaultConfigFile, "YAML file with any of these flags")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := wire.ApplyConfigFile(cmd.Flags(), file, cmd.Flags().Changed("config"), knownFlag); err != nil {
			return err
		}
		if err := wire.SetLogLevel(cmd.Flag("log-level").Value.String()); err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		if err := run(ctx, c); err != nil && !stopped(ctx, err) {
			return err
		}
		return nil
	}
	return cmd
}

// stopped says whether err is only that a signal has ended ctx, during the
// start maybe.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// knownFlag says whether any command that reads the configuration file has
// the flag.
func knownFlag(name string) bool {
	var c wire.Config
	all := pflag.NewFlagSet("all", pflag.ContinueOnError)
	c.AddServerFlags(all)
	agent := pflag.NewFlagSet("agent", pflag.ContinueOnError)
	c.AddAgentFlags(agent)
	return all.Lookup(name) != nil || agent.Lookup(name) != nil
}

func serverCommand() *cobra.Command {
	return runnable("server", "Run a whole cluster's server in the foreground: control plane and node",
		(*wire.Config).AddServerFlags, wire.Server)
}

func agentCommand() *cobra.Command {
	return runnable("agent", "Run a node in the foreground that joins a server",
		(*wire.Config).AddAgentFlags, wire.Agent)
}

func apiserverCommand() *cobra.Command {
	return runnable("apiserver", "Run the API server alone, with etcd inside unless --etcd-servers names others",
		(*wire.Config).AddAPIServerFlags, wire.APIServer)
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintf(cmd.OutOrStdout(), "skiff %s (Kubernetes v%s, %s, %s/%s)\n",
				version.Skiff, version.Kubernetes, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}
