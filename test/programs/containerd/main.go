// Command containerd is the container runtime that skiff carries, and nothing
// else of skiff: what tests with real containers run as their child. It is
// called as skiff is, with "containerd" for its first argument.
package main

import (
	"fmt"
	"os"

	"skiff/internal/runtime"
)

func main() {
	if err := runtime.ContainerdMain(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
