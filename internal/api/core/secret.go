package core

import (
	"crypto/tls"
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// Secret holds what not everyone may read.
var Secret = api.Define(api.Kind[*corev1.Secret]{
	GVK: gv.WithKind("Secret"), Plural: "secrets", Prefix: "secrets", Namespaced: true,
	New: api.New[corev1.Secret], NewList: api.NewList[corev1.SecretList],

	Default:        defaultSecret,
	ValidateNew:    validateSecret,
	ValidateUpdate: validateSecretUpdate,
	Warnings:       secretWarnings,

	Columns: table.Of("Name", "Type", "Data", "Age").Docs(map[string]string{
		"Type": corev1.Secret{}.SwaggerDoc()["type"], "Data": corev1.Secret{}.SwaggerDoc()["data"],
	}),
	Row: func(o *corev1.Secret) []any {
		return []any{o.Name, string(o.Type), int64(len(o.Data)), table.Age(o.CreationTimestamp)}
	},
	FieldNames: []string{"type"},
	Fields:     func(o *corev1.Secret) map[string]string { return map[string]string{"type": string(o.Type)} },
})

// defaultSecret also moves stringData, which can only be written, into data.
func defaultSecret(o *corev1.Secret) {
	meta.Fill(&o.Type, corev1.SecretTypeOpaque)
	if len(o.StringData) > 0 && o.Data == nil {
		o.Data = make(map[string][]byte, len(o.StringData))
	}
	for k, v := range o.StringData {
		o.Data[k] = []byte(v)
	}
	o.StringData = nil
}

// secretKeys are the keys that secrets of a type must have.
var secretKeys = map[corev1.SecretType][]string{
	corev1.SecretTypeDockercfg:        {corev1.DockerConfigKey},
	corev1.SecretTypeDockerConfigJson: {corev1.DockerConfigJsonKey},
	corev1.SecretTypeSSHAuth:          {corev1.SSHAuthPrivateKey},
	corev1.SecretTypeTLS:              {corev1.TLSCertKey, corev1.TLSPrivateKeyKey},
}

func validateSecret(o *corev1.Secret) field.ErrorList {
	var errs field.ErrorList
	p, size := field.NewPath("data"), 0
	for _, k := range slices.Sorted(maps.Keys(o.Data)) {
		errs = append(errs, meta.Invalid(p.Key(k), k, validation.IsConfigMapKey(k))...)
		size += len(o.Data[k])
	}
	if size > corev1.MaxSecretSize {
		errs = append(errs, field.TooLong(p, "", corev1.MaxSecretSize))
	}
	for _, k := range secretKeys[o.Type] {
		if value, ok := o.Data[k]; !ok || o.Type == corev1.SecretTypeSSHAuth && len(value) == 0 {
			errs = append(errs, field.Required(p.Key(k), ""))
		}
	}
	switch o.Type {
	case corev1.SecretTypeServiceAccountToken:
		if o.Annotations[corev1.ServiceAccountNameKey] == "" {
			errs = append(errs, field.Required(field.NewPath("metadata", "annotations").Key(corev1.ServiceAccountNameKey), ""))
		}
	case corev1.SecretTypeDockercfg:
		errs = append(errs, validateJSON(o, corev1.DockerConfigKey, p)...)
	case corev1.SecretTypeDockerConfigJson:
		errs = append(errs, validateJSON(o, corev1.DockerConfigJsonKey, p)...)
	case corev1.SecretTypeBasicAuth:
		_, user := o.Data[corev1.BasicAuthUsernameKey]
		_, password := o.Data[corev1.BasicAuthPasswordKey]
		if !user && !password {
			errs = append(errs, field.Required(p.Key(corev1.BasicAuthUsernameKey), ""), field.Required(p.Key(corev1.BasicAuthPasswordKey), ""))
		}
	}
	return errs
}

func validateJSON(o *corev1.Secret, key string, p *field.Path) field.ErrorList {
	raw, ok := o.Data[key]
	if !ok {
		return nil
	}
	var config map[string]any
	if err := json.Unmarshal(raw, &config); err != nil {
		return field.ErrorList{field.Invalid(p.Key(key), "<secret contents redacted>", err.Error())}
	}
	return nil
}

func validateSecretUpdate(o, old *corev1.Secret) field.ErrorList {
	errs := meta.Immutable(field.NewPath("type"), o.Type, old.Type)
	errs = append(errs, validateSealed(o.Immutable, old.Immutable)...)
	if old.Immutable != nil && *old.Immutable && !equality.Semantic.DeepEqual(o.Data, old.Data) {
		errs = append(errs, field.Forbidden(field.NewPath("data"), sealed))
	}
	return append(errs, validateSecret(o)...)
}

// secretWarnings remarks on a certificate that its key does not fit.
func secretWarnings(o *corev1.Secret) []string {
	if o.Type != corev1.SecretTypeTLS {
		return nil
	}
	if _, err := tls.X509KeyPair(o.Data[corev1.TLSCertKey], o.Data[corev1.TLSPrivateKeyKey]); err != nil {
		return []string{err.Error()}
	}
	return nil
}
