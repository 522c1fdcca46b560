package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"skiff/test/images"
)

// up starts the scenario's cluster: up [FLAG...]
func up(ts *testscript.TestScript, neg bool, args []string) {
	args = append([]string{"up", "--https-port", ts.Getenv("PORT"), "--kubelet-port", ts.Getenv("KUBELET_PORT"),
		"--registry-hosts-dir", ts.Getenv("REGISTRY")}, args...)
	err := ts.Exec("skiff", args...)
	if (err != nil) != neg {
		ts.Fatalf("skiff up: %v", err)
	}
}

// save writes a test image as an archive, under a name that no registry has:
// save REPOSITORY NAME FILE
func save(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(images.SaveAs(context.Background(), imageCache(), args[0], args[1], ts.MkAbs(args[2])))
}

// until repeats a command until its output matches: until 30s REGEXP COMMAND ARG...
// "! until" waits until the output matches no more.
func until(ts *testscript.TestScript, neg bool, args []string) {
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	want := regexp.MustCompile(`(?ms)` + args[1])
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		out, err := command(ts, args[2], args[3:]...).CombinedOutput()
		if err == nil && want.Match(out) != neg {
			ts.Logf("%s", out)
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			ts.Fatalf("%s after %s: %v\n%s", strings.Join(args[1:], " "), limit, err, out)
		}
	}
}

// command is a command in the scenario's environment.
func command(ts *testscript.TestScript, name string, args ...string) *exec.Cmd {
	if path, err := exec.LookPath(filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], name)); err == nil {
		name = path
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = ts.MkAbs(".")
	for _, k := range []string{"PATH", "HOME", "DATA", "SKIFF_DATA_DIR", "KUBECONFIG", "KUBE_EDITOR"} {
		if v := ts.Getenv(k); v != "" {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
	}
	return cmd
}

// capture sets a variable to what a command prints, or to the first group of
// a regexp in it: capture NAME REGEXP COMMAND ARG...
func capture(ts *testscript.TestScript, neg bool, args []string) {
	out, err := command(ts, args[2], args[3:]...).Output()
	ts.Check(err)
	m := regexp.MustCompile(args[1]).FindStringSubmatch(string(out))
	if m == nil {
		ts.Fatalf("no %s in:\n%s", args[1], out)
	}
	ts.Setenv(args[0], m[len(m)-1])
}

// crash kills the scenario's server without warning: crash [NODE]
func crash(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.Getenv("DATA")
	if len(args) == 1 {
		dir = filepath.Join(dir, "nodes", args[0])
	}
	pid, err := os.ReadFile(filepath.Join(dir, "run", "skiff.pid"))
	ts.Check(err)
	n, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	ts.Check(err)
	ts.Check(syscall.Kill(n, syscall.SIGKILL))
}

// pty runs a command on a terminal and types standard input to it:
// pty INPUT COMMAND ARG...; its output goes to stdout.
func pty(ts *testscript.TestScript, neg bool, args []string) {
	inner := exec.Command("script", "-qec", shellQuote(args[1:]), "/dev/null")
	c := command(ts, "script")
	inner.Dir, inner.Env = c.Dir, append(c.Env, "TERM=xterm")
	inner.Stdin = strings.NewReader(strings.ReplaceAll(args[0], `\n`, "\n"))
	out, err := inner.CombinedOutput()
	ts.Logf("%s", out)
	if (err != nil) != neg {
		ts.Fatalf("%v", err)
	}
	ts.Check(os.WriteFile(ts.MkAbs("pty.out"), out, 0o644))
}

func shellQuote(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}

// load is a client that asks a URL over and over, each time on a new
// connection.
type load struct {
	stop     context.CancelFunc
	done     sync.WaitGroup
	requests int
	failures []string
}

var loads sync.Map // of WorkDir → *load

// hammer starts to ask a URL over and over in the background: hammer URL
func hammer(ts *testscript.TestScript, neg bool, args []string) {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop}
	loads.Store(ts.MkAbs("."), l)
	l.done.Add(1)
	go func() {
		defer l.done.Done()
		l.run(ctx, args[0])
	}()
	ts.Defer(stop)
}

func (l *load) run(ctx context.Context, url string) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for ctx.Err() == nil {
		l.requests++
		resp, err := client.Get(url)
		switch {
		case err != nil:
			l.failures = append(l.failures, err.Error())
		case resp.StatusCode != http.StatusOK:
			l.failures = append(l.failures, resp.Status)
		}
		if err == nil {
			resp.Body.Close()
		}
		<-pace.C
	}
}

// hammered ends hammer, and fails if one request failed: hammered MINREQUESTS
func hammered(ts *testscript.TestScript, neg bool, args []string) {
	v, _ := loads.Load(ts.MkAbs("."))
	l := v.(*load)
	l.stop()
	l.done.Wait()
	least, err := strconv.Atoi(args[0])
	ts.Check(err)
	if l.requests < least {
		ts.Fatalf("only %d requests were made", l.requests)
	}
	if len(l.failures) > 0 {
		ts.Fatalf("%d of %d requests failed, the first: %s", len(l.failures), l.requests, l.failures[0])
	}
	ts.Logf("%d requests, none failed", l.requests)
}

func run(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}

func logTail(t testscript.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	const most = 20000
	if len(data) > most {
		data = data[len(data)-most:]
	}
	t.Log(fmt.Sprintf("the end of %s:\n%s", path, data))
}
