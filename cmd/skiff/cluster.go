package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"skiff/internal/pki"
	"skiff/internal/wire"
)

func upCommand() *cobra.Command {
	var up wire.UpOptions
	var cmd *cobra.Command
	flags := func(c *wire.Config, f *pflag.FlagSet) {
		c.AddServerFlags(f)
		f.IntVar(&up.Nodes, "nodes", 1, "how many nodes; all but the first in network namespaces of their own")
		f.DurationVar(&up.Wait, "wait", 2*time.Minute, "how long to wait until the cluster is Ready")
	}
	cmd = runnable("up", "Start a cluster on this machine, in the background, and wait until it is Ready", flags,
		func(ctx context.Context, c wire.Config) error {
			up.ServerArgs, up.Stated = serverArgs(cmd.Flags())
			up.Out = cmd.OutOrStdout()
			return wire.Up(ctx, c, up)
		})
	return cmd
}

// serverArgs are the flags that `up` was given, by the command line or a file,
// and `server` must be given; stated are their names.
func serverArgs(flags *pflag.FlagSet) (args, stated []string) {
	flags.Visit(func(f *pflag.Flag) {
		if f.Name == "nodes" || f.Name == "wait" {
			return
		}
		stated = append(stated, f.Name)
		if many, ok := f.Value.(pflag.SliceValue); ok {
			for _, v := range many.GetSlice() {
				args = append(args, fmt.Sprintf("--%s=%s", f.Name, v))
			}
			return
		}
		args = append(args, fmt.Sprintf("--%s=%s", f.Name, flagValue(f)))
	})
	return args, stated
}

// flagValue is the flag's value as the command line would have it; pflag
// prints maps in brackets.
func flagValue(f *pflag.Flag) string {
	s := f.Value.String()
	if f.Value.Type() == "stringToString" {
		return s[1 : len(s)-1]
	}
	return s
}

func downCommand() *cobra.Command {
	var purge bool
	var dir string
	cmd := &cobra.Command{
		Use: "down", Short: "Stop the cluster and remove all it made on the host but its data", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wire.Down(cmd.Context(), dir, purge, cmd.OutOrStdout())
		},
	}
	dataDirFlag(cmd, &dir)
	cmd.Flags().BoolVar(&purge, "purge", false, "remove the cluster's data, too")
	return cmd
}

func statusCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "status", Short: "Say what runs, and how it is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wire.Status(cmd.Context(), dir, cmd.OutOrStdout())
		},
	}
	dataDirFlag(cmd, &dir)
	return cmd
}

func dataDirFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "data-dir", wire.Defaults().DataDir, "where the cluster's data lies")
}

func kubeconfigCommand() *cobra.Command {
	var dir, server string
	var client pki.Client
	cmd := &cobra.Command{
		Use: "kubeconfig", Short: "Print the administrator's kubeconfig, or one for another user", Args: cobra.NoArgs,
		Example: `  skiff kubeconfig >admin.kubeconfig
  skiff kubeconfig --user ann --group developers
  skiff kubeconfig --user system:kube-scheduler --server https://10.0.0.1:6443`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if client.User != "" {
				return wire.ClientKubeconfig(dir, server, client, cmd.OutOrStdout())
			}
			if server != "" || len(client.Groups) > 0 {
				return errors.New("--group and --server are for a new kubeconfig: say whose with --user")
			}
			return wire.Kubeconfig(dir, cmd.OutOrStdout())
		},
	}
	dataDirFlag(cmd, &dir)
	cmd.Flags().StringVar(&client.User, "user", "", "make a new one for this user, which holds for a year")
	cmd.Flags().StringSliceVar(&client.Groups, "group", nil, "groups of the user")
	cmd.Flags().StringVar(&server, "server", "", "URL of the API server in it (default: this machine's)")
	return cmd
}

func tokenCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{Use: "token", Short: "Tokens with which nodes join"}
	cmd.PersistentFlags().StringVar(&dir, "data-dir", wire.Defaults().DataDir, "where the cluster's data lies")
	var ttl time.Duration
	create := &cobra.Command{
		Use: "create", Short: "Make a token and print it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wire.CreateToken(cmd.Context(), dir, ttl, cmd.OutOrStdout())
		},
	}
	create.Flags().DurationVar(&ttl, "ttl", 24*time.Hour, "how long the token can be used; 0: for ever")
	list := &cobra.Command{
		Use: "list", Short: "List the tokens", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wire.ListTokens(cmd.Context(), dir, cmd.OutOrStdout())
		},
	}
	cmd.AddCommand(create, list)
	return cmd
}

func imageCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{Use: "image", Short: "Container images on this node"}
	cmd.PersistentFlags().StringVar(&dir, "data-dir", wire.Defaults().DataDir, "where the node's data lies")
	load := &cobra.Command{
		Use: "load FILE...", Short: "Load image archives (docker or OCI, plain or gzip)", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			return wire.LoadImages(cmd.Context(), dir, files, cmd.OutOrStdout())
		},
	}
	list := &cobra.Command{
		Use: "list", Short: "List the images", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wire.ListImages(cmd.Context(), dir, cmd.OutOrStdout())
		},
	}
	cmd.AddCommand(load, list)
	return cmd
}
