package apiserver

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"

	"skiff/internal/api"
)

// deprecated is the warning that goes with every answer about a resource that
// should no longer be used in this release; empty for all others. The Go types
// say which they are.
func deprecated(r *api.Resource, now version.Info) string {
	obj := r.New()
	old, ok := any(obj).(interface {
		APILifecycleDeprecated() (major, minor int)
	})
	if !ok {
		return ""
	}
	major, minor := old.APILifecycleDeprecated()
	if !reached(now, major, minor) {
		return ""
	}
	text := fmt.Sprintf("%s %s is deprecated in v%d.%d+", r.GroupVersion(), r.Kind, major, minor)
	return text + unavailable(obj) + replacement(obj)
}

func unavailable(obj runtime.Object) string {
	o, ok := obj.(interface {
		APILifecycleRemoved() (major, minor int)
	})
	if !ok {
		return ""
	}
	major, minor := o.APILifecycleRemoved()
	return fmt.Sprintf(", unavailable in v%d.%d+", major, minor)
}

func replacement(obj runtime.Object) string {
	o, ok := obj.(interface {
		APILifecycleReplacement() schema.GroupVersionKind
	})
	if !ok {
		return ""
	}
	gvk := o.APILifecycleReplacement()
	return fmt.Sprintf("; use %s %s", gvk.GroupVersion(), gvk.Kind)
}

// reached says whether a release is major.minor or later.
func reached(now version.Info, major, minor int) bool {
	m, _ := strconv.Atoi(now.Major)
	n, _ := strconv.Atoi(strings.TrimSuffix(now.Minor, "+"))
	return m > major || m == major && n >= minor
}
