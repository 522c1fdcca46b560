package resource

import (
	"encoding/json"

	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateConfiguration judges what is handed to a driver. kept says that it
// was stored as it is before limits came.
func validateConfiguration(c *resourcev1.DeviceConfiguration, kept bool, p *field.Path) field.ErrorList {
	if c.Opaque == nil {
		return field.ErrorList{field.Required(p.Child("opaque"), "")}
	}
	limit := resourcev1.OpaqueParametersMaxLength
	if kept {
		limit = len(c.Opaque.Parameters.Raw)
	}
	return validateRaw(c.Opaque.Parameters, limit, p.Child("opaque", "parameters"))
}

// validateRaw wants a JSON object of limited length.
func validateRaw(r runtime.RawExtension, limit int, p *field.Path) field.ErrorList {
	const omitted = "<value omitted>"
	var v any
	switch {
	case len(r.Raw) == 0:
		return field.ErrorList{field.Required(p, "")}
	case len(r.Raw) > limit:
		return field.ErrorList{field.TooLong(p, "", limit)}
	}
	if err := json.Unmarshal(r.Raw, &v); err != nil {
		return field.ErrorList{field.Invalid(p, omitted, "error parsing data as JSON: "+err.Error())}
	}
	switch v.(type) {
	case nil:
		return field.ErrorList{field.Required(p, "")}
	case map[string]any:
		return nil
	}
	return field.ErrorList{field.Invalid(p, omitted, "must be a valid JSON object")}
}
