package pod

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

func validateEnv(env []corev1.EnvVar, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, e := range env {
		errs = append(errs, meta.Required(p.Index(i).Child("name"), e.Name, validation.IsRelaxedEnvVarName)...)
		if e.ValueFrom != nil {
			errs = append(errs, validateEnvSource(&e, p.Index(i).Child("valueFrom"))...)
		}
	}
	return errs
}

func validateEnvSource(e *corev1.EnvVar, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	from, n := e.ValueFrom, 0
	if f := from.FieldRef; f != nil {
		n++
		errs = append(errs, validateFieldRef(f, envFields, p.Child("fieldRef"))...)
	}
	if f := from.ResourceFieldRef; f != nil {
		n++
		errs = append(errs, validateResourceFieldRef(f, false, p.Child("resourceFieldRef"))...)
	}
	if f := from.ConfigMapKeyRef; f != nil {
		n++
		errs = append(errs, meta.Required(p.Child("configMapKeyRef", "name"), f.Name, nil)...)
		errs = append(errs, meta.Required(p.Child("configMapKeyRef", "key"), f.Key, validation.IsConfigMapKey)...)
	}
	if f := from.SecretKeyRef; f != nil {
		n++
		errs = append(errs, meta.Required(p.Child("secretKeyRef", "name"), f.Name, nil)...)
		errs = append(errs, meta.Required(p.Child("secretKeyRef", "key"), f.Key, validation.IsConfigMapKey)...)
	}
	if f := from.FileKeyRef; f != nil {
		n++
		errs = append(errs, meta.Required(p.Child("fileKeyRef", "volumeName"), f.VolumeName, nil)...)
		errs = append(errs, meta.Required(p.Child("fileKeyRef", "path"), f.Path, nil)...)
		errs = append(errs, meta.Required(p.Child("fileKeyRef", "key"), f.Key, nil)...)
	}
	switch {
	case n == 0:
		errs = append(errs, field.Invalid(p, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"))
	case e.Value != "":
		errs = append(errs, field.Invalid(p, "", "may not be specified when `value` is not empty"))
	case n > 1:
		errs = append(errs, field.Invalid(p, "", "may not have more than one field specified at a time"))
	}
	return errs
}

// The fields of a pod that its containers may ask for: in the environment, and
// as files.
var (
	envFields = []string{
		"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
	}
	fileFields = []string{"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"}
)

func validateFieldRef(f *corev1.ObjectFieldSelector, fields []string, p *field.Path) field.ErrorList {
	if f.APIVersion == "" {
		return field.ErrorList{field.Required(p.Child("apiVersion"), "")}
	}
	if f.FieldPath == "" {
		return field.ErrorList{field.Required(p.Child("fieldPath"), "")}
	}
	p = p.Child("fieldPath")
	if path, key, ok := strings.Cut(f.FieldPath, "['"); ok && strings.HasSuffix(key, "']") {
		key = strings.TrimSuffix(key, "']")
		switch path {
		case "metadata.annotations":
			return meta.Invalid(p, key, validation.IsQualifiedName(strings.ToLower(key)))
		case "metadata.labels":
			return meta.Invalid(p, key, validation.IsQualifiedName(key))
		}
		return field.ErrorList{field.Invalid(p, path, "does not support subscript")}
	}
	if !slices.Contains(fields, f.FieldPath) {
		return field.ErrorList{field.NotSupported(p, f.FieldPath, fields)}
	}
	return nil
}

var resourceFields = []string{
	"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory",
}

func validateResourceFieldRef(f *corev1.ResourceFieldSelector, file bool, p *field.Path) field.ErrorList {
	if file && f.ContainerName == "" {
		return field.ErrorList{field.Required(p.Child("containerName"), "")}
	}
	if f.Resource == "" {
		return field.ErrorList{field.Required(p.Child("resource"), "")}
	}
	huge := strings.HasPrefix(f.Resource, "requests.hugepages-") || strings.HasPrefix(f.Resource, "limits.hugepages-")
	if !huge && !slices.Contains(resourceFields, f.Resource) {
		return field.ErrorList{field.NotSupported(p.Child("resource"), f.Resource, resourceFields)}
	}
	return validateDivisor(f, p)
}

// divisors are the units in which a resource can be told.
var divisors = map[string][]string{
	"cpu":    {"1m", "1"},
	"memory": {"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"},
}

func validateDivisor(f *corev1.ResourceFieldSelector, p *field.Path) field.ErrorList {
	if f.Divisor.IsZero() {
		return nil
	}
	_, name, _ := strings.Cut(f.Resource, ".")
	allowed := divisors["memory"]
	if name == "cpu" {
		allowed = divisors["cpu"]
	}
	if d := f.Divisor.String(); !slices.Contains(allowed, d) {
		return field.ErrorList{field.Invalid(p.Child("divisor"), d, fmt.Sprintf("only divisor's values %s are supported with the %s resource", strings.Join(allowed, ", "), name))}
	}
	return nil
}

func validateEnvFrom(from []corev1.EnvFromSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, f := range from {
		ip := p.Index(i)
		errs = append(errs, meta.Optional(ip.Child("prefix"), f.Prefix, validation.IsRelaxedEnvVarName)...)
		if f.ConfigMapRef != nil {
			errs = append(errs, meta.Required(ip.Child("configMapRef", "name"), f.ConfigMapRef.Name, nil)...)
		}
		if f.SecretRef != nil {
			errs = append(errs, meta.Required(ip.Child("secretRef", "name"), f.SecretRef.Name, nil)...)
		}
		switch {
		case f.ConfigMapRef == nil && f.SecretRef == nil:
			errs = append(errs, field.Invalid(ip, "", "must specify one of: `configMapRef` or `secretRef`"))
		case f.ConfigMapRef != nil && f.SecretRef != nil:
			errs = append(errs, field.Invalid(ip, "", "may not have more than one field specified at a time"))
		}
	}
	return errs
}
