package wire

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// UpOptions are what `up` is told beside the server's own settings.
type UpOptions struct {
	Nodes      int
	Wait       time.Duration
	ServerArgs []string // for `skiff server`
	Out        io.Writer
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
	began := time.Now()
	running := runningPID(c.DataDir) != 0
	if !running {
		if err := c.preflight(roleServer); err != nil {
			return err
		}
		server := background{dataDir: c.DataDir, args: append([]string{"server"}, o.ServerArgs...)}
		if err := server.start(ctx); err != nil {
			return err
		}
	}
	if err := startNodes(ctx, c, o.Nodes); err != nil {
		return err
	}
	if err := mergeUserKubeconfig(c); err != nil {
		fmt.Fprintf(o.Out, "warning: %v\n", err)
	}
	if running {
		fmt.Fprintf(o.Out, "skiff already runs on %s.\n", c.DataDir)
	} else {
		fmt.Fprintf(o.Out, "Ready after %.1f s.\n", time.Since(began).Seconds())
	}
	fmt.Fprint(o.Out, nextSteps(c))
	return nil
}

// nextSteps is what a new user types next.
func nextSteps(c Config) string {
	self, flag := "skiff", ""
	if path, err := os.Executable(); err == nil {
		self = path
	}
	if c.DataDir != Defaults().DataDir {
		flag = " --data-dir " + c.DataDir
	}
	return fmt.Sprintf(`
  kubectl create deployment test1 --image=nginx
  kubectl get pods -o wide

with kubectl, any of them: context %q is in your kubeconfig; one is built in:
  %s kubectl get nodes

Stop it with:
  %s down%s
`, c.ClusterName, self, self, flag)
}
