package core

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// Kubelets no longer take their configuration from the API. Nodes that say
// where it comes from are judged as ever.

func validateNodeConfigs(o *corev1.Node) field.ErrorList {
	errs := validateNodeConfig(o.Spec.ConfigSource, false, field.NewPath("spec", "configSource"))
	if c := o.Status.Config; c != nil {
		p := field.NewPath("status", "config")
		errs = append(errs, validateNodeConfig(c.Assigned, true, p.Child("assigned"))...)
		errs = append(errs, validateNodeConfig(c.Active, true, p.Child("active"))...)
		errs = append(errs, validateNodeConfig(c.LastKnownGood, true, p.Child("lastKnownGood"))...)
	}
	return errs
}

// validateNodeConfig: a source that is in use names one version of an object;
// one that is asked for must not.
func validateNodeConfig(s *corev1.NodeConfigSource, inUse bool, p *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	if s.ConfigMap == nil {
		return field.ErrorList{field.Invalid(p, s, "exactly one reference subfield must be non-nil")}
	}
	cp := p.Child("configMap")
	errs := validateConfigVersion(s.ConfigMap, inUse, cp)
	errs = append(errs, meta.Name(cp.Child("namespace"), s.ConfigMap.Namespace, meta.Label)...)
	errs = append(errs, meta.Name(cp.Child("name"), s.ConfigMap.Name, meta.Subdomain)...)
	return append(errs, meta.Required(cp.Child("kubeletConfigKey"), s.ConfigMap.KubeletConfigKey, validation.IsConfigMapKey)...)
}

func validateConfigVersion(c *corev1.ConfigMapNodeConfigSource, inUse bool, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, f := range []struct{ name, value string }{{"uid", string(c.UID)}, {"resourceVersion", c.ResourceVersion}} {
		switch {
		case inUse && f.value == "":
			errs = append(errs, field.Required(p.Child(f.name), ""))
		case !inUse && f.value != "":
			errs = append(errs, field.Forbidden(p.Child(f.name), f.name+" must not be set in spec"))
		}
	}
	return errs
}
