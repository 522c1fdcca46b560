package wire

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"
)

// UpOptions are what `up` is told beside the server's own settings.
type UpOptions struct {
	Nodes int
	Wait  time.Duration
	// ServerArgs are the flags for `skiff server`; Stated are the names of all
	// settings that somebody chose, there or in the configuration file.
	ServerArgs, Stated []string
	Out                io.Writer
}

// Up starts a cluster in the background and returns when it is Ready. What
// already runs stays as it is.
func Up(ctx context.Context, c Config, o UpOptions) error {
	if err := c.Complete(); err != nil {
		return err
	}
	if err := c.checkNodes(o.Nodes); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Wait, fmt.Errorf("the cluster is not Ready after %s", o.Wait))
	defer cancel()
	if runningPID(c.DataDir) != 0 {
		return upAgain(ctx, c, o)
	}
	began := time.Now()
	if err := c.preflight(roleServer); err != nil {
		return err
	}
	server := background{dataDir: c.DataDir, args: append([]string{"server"}, o.ServerArgs...)}
	if err := server.start(ctx); err != nil {
		return err
	}
	if err := startNodes(ctx, c, o.Nodes); err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "Ready after %.1f s.\n", time.Since(began).Seconds())
	introduce(c, o.Out)
	return nil
}

// upAgain is `up` where a cluster runs: it adds the nodes that are missing,
// which are given the running cluster's settings, and says which of those that
// it was asked for the cluster has not.
func upAgain(ctx context.Context, asked Config, o UpOptions) error {
	s, err := loadState(asked.DataDir)
	if err != nil {
		return err
	}
	if s == nil || s.Role != roleServer {
		return alreadyRuns(asked.DataDir, runningPID(asked.DataDir))
	}
	running := s.config(asked.DataDir)
	if err := running.checkNodes(o.Nodes); err != nil {
		return err
	}
	if err := awaitServer(ctx, running); err != nil {
		return err
	}
	if err := startNodes(ctx, running, o.Nodes); err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "skiff already runs on %s.\n", running.DataDir)
	for _, d := range running.differences(asked, o.Stated) {
		fmt.Fprintf(o.Out, "warning: it runs with --%s, not with %s: to change that, stop it with `skiff down%s` and start it with all its flags\n", d.has, d.asked, dataDirArg(running))
	}
	introduce(running, o.Out)
	return nil
}

// introduce tells the user's kubectl of the cluster, and the user what to type.
func introduce(c Config, out io.Writer) {
	if err := mergeUserKubeconfig(c); err != nil {
		fmt.Fprintf(out, "warning: %v\n", err)
	}
	fmt.Fprint(out, nextSteps(c))
}

// difference is a setting that the running cluster has, NAME=VALUE, and the
// value that was asked for.
type difference struct{ has, asked string }

// differences are the stated settings in which c is not as asked.
func (c Config) differences(asked Config, stated []string) (all []difference) {
	mine, theirs := c.serverFlags(), asked.serverFlags()
	for _, name := range stated {
		have, want := mine.Lookup(name), theirs.Lookup(name)
		if have == nil || have.Value.String() == want.Value.String() {
			continue
		}
		all = append(all, difference{name + "=" + have.Value.String(), want.Value.String()})
	}
	return all
}

// serverFlags are the settings of a server by their names, with c's values.
func (c Config) serverFlags() *pflag.FlagSet {
	f := pflag.NewFlagSet("server", pflag.ContinueOnError)
	c.AddServerFlags(f)
	return f
}

// dataDirArg is the flag that names c's data directory, where one is needed.
func dataDirArg(c Config) string {
	if c.DataDir == Defaults().DataDir {
		return ""
	}
	return " --data-dir " + c.DataDir
}

// nextSteps is what a new user types next.
func nextSteps(c Config) string {
	self := "skiff"
	if path, err := os.Executable(); err == nil {
		self = path
	}
	return fmt.Sprintf(`
  kubectl create deployment test1 --image=nginx
  kubectl get pods -o wide

with kubectl, any of them: context %q is in your kubeconfig; one is built in:
  %s kubectl get nodes

Stop it with:
  %s down%s
`, c.ClusterName, self, self, dataDirArg(c))
}
