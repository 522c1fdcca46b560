package e2e

import (
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// stopwhen starts a command, asks it to stop (SIGTERM) as soon as a file is
// there, and fails unless it then ends in time, without an error:
// stopwhen FILE COMMAND ARG...
func stopWhen(ts *testscript.TestScript, neg bool, args []string) {
	const limit = 5 * time.Second
	file := ts.MkAbs(args[0])
	var out strings.Builder
	cmd := command(ts, args[1], args[2:]...)
	cmd.Stdout, cmd.Stderr = &out, &out
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for asked, late := false, (<-chan time.Time)(nil); ; {
		select {
		case err := <-ended:
			if !asked || err != nil {
				ts.Fatalf("it ended, asked to stop: %t: %v\n%s", asked, err, &out)
			}
			return
		case <-late:
			_ = cmd.Process.Signal(syscall.SIGQUIT) // has it say what it waits for
			<-ended
			ts.Fatalf("it did not stop within %s\n%s", limit, &out)
		case <-again.C:
			if _, err := os.Stat(file); err == nil && !asked {
				asked, late = true, time.After(limit)
				ts.Check(cmd.Process.Signal(syscall.SIGTERM))
			}
		}
	}
}
