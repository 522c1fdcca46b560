package pod

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/volume"
)

func validateEnv(env []corev1.EnvVar, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range env {
		errs = append(errs, meta.Required(p.Index(i).Child("name"), env[i].Name, validation.IsRelaxedEnvVarName)...)
		if env[i].ValueFrom != nil {
			errs = append(errs, validateEnvSource(&env[i], p.Index(i).Child("valueFrom"))...)
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
		errs = append(errs, validateKeyRef(f.Name, f.Key, p.Child("configMapKeyRef"))...)
	}
	if f := from.SecretKeyRef; f != nil {
		n++
		errs = append(errs, validateKeyRef(f.Name, f.Key, p.Child("secretKeyRef"))...)
	}
	if f := from.FileKeyRef; f != nil {
		n++
		errs = append(errs, validateFileKeyRef(f, p.Child("fileKeyRef"))...)
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

func validateKeyRef(name, key string, p *field.Path) field.ErrorList {
	errs := meta.Invalid(p.Child("name"), name, meta.Subdomain(name, false))
	return append(errs, meta.Required(p.Child("key"), key, validation.IsConfigMapKey)...)
}

// validateFileKeyRef judges a variable that a container finds in a file which
// another has written before; validateEnvFiles judges the volume.
func validateFileKeyRef(f *corev1.FileKeySelector, p *field.Path) field.ErrorList {
	errs := meta.Required(p.Child("key"), f.Key, validation.IsRelaxedEnvVarName)
	errs = append(errs, meta.Required(p.Child("volumeName"), f.VolumeName, validation.IsDNS1123Label)...)
	if f.Path == "" {
		return append(errs, field.Required(p.Child("path"), ""))
	}
	return append(errs, volume.NoBacksteps(p.Child("path"), f.Path)...)
}

// validateEnvFiles: only an emptyDir can hold files that containers write for
// each other.
func validateEnvFiles(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	eachAt(s, p, func(c *corev1.Container, p *field.Path) {
		for i, e := range c.Env {
			if e.ValueFrom == nil || e.ValueFrom.FileKeyRef == nil || e.ValueFrom.FileKeyRef.VolumeName == "" {
				continue
			}
			name, np := e.ValueFrom.FileKeyRef.VolumeName, p.Child("env").Index(i).Child("valueFrom", "fileKeyRef", "volumeName")
			j := slices.IndexFunc(s.Volumes, func(v corev1.Volume) bool { return v.Name == name })
			switch {
			case j < 0:
				errs = append(errs, field.NotFound(np, name))
			case s.Volumes[j].EmptyDir == nil:
				errs = append(errs, field.Invalid(np, name, "referenced volume must be of type emptyDir"))
			}
		}
	})
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
	name, why := podField(f)
	if why != "" {
		return field.ErrorList{field.Invalid(p.Child("fieldPath"), f.FieldPath, "error converting fieldPath: "+why)}
	}
	if path, key, ok := subscript(name); ok {
		switch path {
		case "metadata.annotations":
			return meta.Invalid(p, strings.ToLower(key), validation.IsQualifiedName(strings.ToLower(key)))
		case "metadata.labels":
			return meta.Invalid(p, key, validation.IsQualifiedName(key))
		}
	}
	if !slices.Contains(fields, name) {
		return field.ErrorList{field.NotSupported(p.Child("fieldPath"), f.FieldPath, fields)}
	}
	return nil
}

// podField is the name of a field of a pod today, or says why it is none.
func podField(f *corev1.ObjectFieldSelector) (name, why string) {
	if f.APIVersion != "v1" {
		return "", "unsupported pod version: " + f.APIVersion
	}
	if path, _, ok := subscript(f.FieldPath); ok {
		if path == "metadata.annotations" || path == "metadata.labels" {
			return f.FieldPath, ""
		}
		return "", "field label does not support subscript: " + f.FieldPath
	}
	switch {
	case f.FieldPath == "spec.host": // as it was called before v1
		return "spec.nodeName", ""
	case slices.Contains(allFields, f.FieldPath):
		return f.FieldPath, ""
	}
	return "", "field label not supported: " + f.FieldPath
}

// subscript splits "metadata.labels['key']".
func subscript(path string) (of, key string, ok bool) {
	of, key, ok = strings.Cut(path, "['")
	key, closed := strings.CutSuffix(key, "']")
	return of, key, ok && closed && of != ""
}

// allFields are all fields of a pod that can be asked for somehow.
var allFields = append(slices.Concat(envFields, fileFields), "spec.restartPolicy", "spec.schedulerName", "status.phase")

var resourceFields = []string{
	"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory",
}

func validateResourceFieldRef(f *corev1.ResourceFieldSelector, file bool, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case file && f.ContainerName == "":
		errs = append(errs, field.Required(p.Child("containerName"), ""))
	case f.Resource == "":
		errs = append(errs, field.Required(p.Child("resource"), ""))
	case !slices.Contains(resourceFields, f.Resource) && !hugeField(f.Resource):
		errs = append(errs, field.NotSupported(p.Child("resource"), f.Resource, resourceFields))
	}
	return append(errs, validateDivisor(f, p.Child("divisor"))...)
}

func hugeField(resource string) bool {
	return strings.HasPrefix(resource, "requests.hugepages-") || strings.HasPrefix(resource, "limits.hugepages-")
}

// divisors are the units in which a resource can be told.
var (
	cpuDivisors  = []string{"1m", "1"}
	byteDivisors = []string{"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"}
)

func validateDivisor(f *corev1.ResourceFieldSelector, p *field.Path) field.ErrorList {
	if f.Divisor.IsZero() {
		return nil
	}
	if !slices.Contains(resourceFields, f.Resource) && !hugeField(f.Resource) {
		return nil // said already
	}
	_, name, _ := strings.Cut(f.Resource, ".")
	allowed, list := byteDivisors, strings.Join(byteDivisors, ", ")
	switch {
	case name == "cpu":
		allowed, list = cpuDivisors, "1m and 1"
	case name == "ephemeral-storage":
		name = "local ephemeral storage"
	case hugeField(f.Resource):
		name = "hugepages"
	}
	if slices.Contains(allowed, f.Divisor.String()) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, f.Resource, fmt.Sprintf("only divisor's values %s are supported with the %s resource", list, name))}
}

func validateEnvFrom(from []corev1.EnvFromSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, f := range from {
		ip := p.Index(i)
		errs = append(errs, meta.Optional(ip.Child("prefix"), f.Prefix, validation.IsRelaxedEnvVarName)...)
		if f.ConfigMapRef != nil {
			errs = append(errs, validateEnvFromName(ip.Child("configMapRef", "name"), f.ConfigMapRef.Name)...)
		}
		if f.SecretRef != nil {
			errs = append(errs, validateEnvFromName(ip.Child("secretRef", "name"), f.SecretRef.Name)...)
		}
		switch {
		case f.ConfigMapRef == nil && f.SecretRef == nil:
			errs = append(errs, field.Invalid(p, "", "must specify one of: `configMapRef` or `secretRef`"))
		case f.ConfigMapRef != nil && f.SecretRef != nil:
			errs = append(errs, field.Invalid(p, "", "may not have more than one field specified at a time"))
		}
	}
	return errs
}

// validateEnvFromName is as lenient as the API always was here: the name may
// end in a dash.
func validateEnvFromName(p *field.Path, name string) field.ErrorList {
	return meta.Required(p, name, func(s string) []string { return meta.Subdomain(s, true) })
}
