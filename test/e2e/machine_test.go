package e2e

import (
	"os/exec"

	"github.com/rogpeppe/go-internal/testscript"
)

// machine makes another machine: a network namespace with an address of its
// own, PREFIX.2, and the way there from the host, PREFIX.1:
// machine NAME PREFIX. "! machine NAME PREFIX" takes it away.
func machine(ts *testscript.TestScript, neg bool, args []string) {
	name, prefix := args[0], args[1]
	if neg {
		removeMachine(name)
		return
	}
	ts.Defer(func() { removeMachine(name) })
	for _, args := range [][]string{
		{"netns", "add", name},
		{"link", "add", "m-" + name, "type", "veth", "peer", "name", "eth0", "netns", name},
		{"address", "add", prefix + ".1/24", "dev", "m-" + name},
		{"link", "set", "m-" + name, "up"},
		{"-n", name, "address", "add", prefix + ".2/24", "dev", "eth0"},
		{"-n", name, "link", "set", "eth0", "up"},
		{"-n", name, "link", "set", "lo", "up"},
		{"-n", name, "route", "add", "default", "via", prefix + ".1"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			ts.Fatalf("ip %v: %v\n%s", args, err, out)
		}
	}
}

// address gives the host an address on its loopback, until the scenario's end:
// address PREFIX. "! address PREFIX" takes it away.
func address(ts *testscript.TestScript, neg bool, args []string) {
	remove := func() error { return exec.Command("ip", "address", "delete", args[0], "dev", "lo").Run() }
	if neg {
		ts.Check(remove())
		return
	}
	ts.Defer(func() { _ = remove() })
	ts.Check(exec.Command("ip", "address", "add", args[0], "dev", "lo").Run())
}

// removeMachine ends nothing that runs there. A machine that is not there is
// no mistake.
func removeMachine(name string) {
	_ = exec.Command("ip", "link", "delete", "m-"+name).Run()
	_ = exec.Command("ip", "netns", "delete", name).Run()
}
