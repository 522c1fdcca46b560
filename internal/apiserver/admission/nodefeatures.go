package admission

import (
	"context"
	"fmt"
	"strings"

	utilversion "k8s.io/apimachinery/pkg/util/version"
	features "k8s.io/component-helpers/nodedeclaredfeatures"

	"skiff/internal/api"
	"skiff/internal/version"
)

// NodeDeclaredFeatureValidator refuses a change of a pod that its node does
// not say it can carry out.
type NodeDeclaredFeatureValidator struct {
	Reader api.Reader
}

// served is the version that is served: what nodes of any age can do by then,
// none has to declare.
var served = utilversion.MustParse(version.Kubernetes)

// Name implements Plugin.
func (NodeDeclaredFeatureValidator) Name() string { return "NodeDeclaredFeatureValidator" }

// Validate implements Validator.
func (p NodeDeclaredFeatureValidator) Validate(ctx context.Context, r *Request) error {
	pod, old := r.changedBoundPod("", "resize")
	if pod == nil {
		return nil
	}
	all := features.DefaultFramework
	wanted, err := all.InferForPodUpdate(&features.PodInfo{Spec: &old.Spec, Status: &old.Status},
		&features.PodInfo{Spec: &pod.Spec, Status: &pod.Status}, served)
	if err != nil {
		return r.forbid(fmt.Sprintf("failed to infer pod capability requirements: %v", err))
	}
	if wanted.IsEmpty() {
		return nil
	}
	node, err := r.nodeOf(ctx, p.Reader, pod)
	if err != nil {
		return err
	}
	match, err := all.MatchNode(wanted, node)
	switch {
	case err != nil:
		return r.forbid(fmt.Sprintf("failed to match pod requirements against node %q: %v", node.Name, err))
	case !match.IsMatch:
		return r.forbid(fmt.Sprintf("pod update requires features %s which are not available on node %q",
			strings.Join(match.UnsatisfiedRequirements, ", "), node.Name))
	}
	return nil
}
