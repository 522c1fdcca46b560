// Package version says which skiff this is and which Kubernetes it speaks.
package version

import (
	"fmt"
	"runtime"

	apiversion "k8s.io/apimachinery/pkg/version"
)

// Kubernetes is the version of the API that skiff serves; it follows the
// k8s.io libraries that the binary is built with.
const Kubernetes = "1.37.2"

// Set at link time by the Makefile.
var (
	Skiff     = "0.1.0"
	GitCommit = ""
	BuildDate = "1970-01-01T00:00:00Z"
)

// Git is the version as Kubernetes' own components spell theirs:
// "v1.37.2+skiff0.1.0".
func Git() string { return "v" + Kubernetes + "+skiff" + Skiff }

// Info is what the API server answers at /version.
func Info() apiversion.Info {
	return apiversion.Info{
		Major: "1", Minor: "37",
		EmulationMajor: "1", EmulationMinor: "37", MinCompatibilityMajor: "1", MinCompatibilityMinor: "36",
		GitVersion: Git(), GitCommit: GitCommit, GitTreeState: "clean", BuildDate: BuildDate,
		GoVersion: runtime.Version(), Compiler: runtime.Compiler,
		Platform: fmt.Sprintf("%s/%s", runtime.GOOS, runtime.GOARCH),
	}
}
