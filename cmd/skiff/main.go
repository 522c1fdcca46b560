// Command skiff is Kubernetes in one binary: it reads flags and calls wire.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"skiff/internal/runtime"
	"skiff/internal/wire"
)

func main() {
	switch {
	case filepath.Base(os.Args[0]) == "kubectl":
		kubectl(os.Args[1:])
	case len(os.Args) > 1 && os.Args[1] == "kubectl":
		kubectl(os.Args[2:])
	case len(os.Args) > 1 && os.Args[1] == "containerd":
		exit(runtime.ContainerdMain(os.Args[2:]))
	default:
		wire.TakeOver()
		exit(root().Execute())
	}
}

// exit ends the process; a failure is one sentence on standard error, and
// goes to the `skiff up` that waits for this process, if one does.
func exit(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "skiff:", err)
	wire.ReportStartError(err)
	os.Exit(1)
}
