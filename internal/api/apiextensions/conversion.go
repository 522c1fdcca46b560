package apiextensions

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
)

// validateConversion judges how objects go from version to version. Paths are
// those of the API before v1, as clients get them from Kubernetes.
func validateConversion(c *Conversion, p *field.Path) field.ErrorList {
	if c == nil {
		return nil
	}
	errs := meta.Enum(p.Child("strategy"), c.Strategy, NoneConverter, WebhookConverter)
	client, versions := p.Child("webhookClientConfig"), p.Child("conversionReviewVersions")
	w := c.Webhook
	if c.Strategy != WebhookConverter {
		if w != nil && w.ClientConfig != nil {
			errs = append(errs, field.Forbidden(client, "should not be set when strategy is not set to Webhook"))
		}
		if w != nil && len(w.ConversionReviewVersions) > 0 {
			errs = append(errs, field.Forbidden(versions, "should not be set when strategy is not set to Webhook"))
		}
		return errs
	}
	if w == nil {
		w = &WebhookConversion{}
	}
	if w.ClientConfig == nil {
		errs = append(errs, field.Required(client, "required when strategy is set to Webhook"))
	} else {
		errs = append(errs, validateClient(w.ClientConfig, client)...)
	}
	return append(errs, validateReviewVersions(w.ConversionReviewVersions, versions)...)
}

func validateClient(c *WebhookClientConfig, p *field.Path) field.ErrorList {
	switch {
	case (c.URL == nil) == (c.Service == nil):
		return field.ErrorList{field.Required(p, "exactly one of url or service is required")}
	case c.URL != nil:
		return validateURL(*c.URL, p.Child("url"))
	}
	sp := p.Child("service")
	errs := meta.Required(sp.Child("name"), c.Service.Name, nil)
	errs = append(errs, meta.Required(sp.Child("namespace"), c.Service.Namespace, nil)...)
	if bad := validation.IsValidPortNum(int(ptr.Deref(c.Service.Port, 443))); len(bad) > 0 {
		errs = append(errs, field.Invalid(sp.Child("port"), *c.Service.Port, "port is not valid: "+strings.Join(bad, ",")))
	}
	if c.Service.Path != nil {
		errs = append(errs, validatePath(*c.Service.Path, sp.Child("path"))...)
	}
	return errs
}

func validateURL(text string, p *field.Path) field.ErrorList {
	const form = "; desired format: https://host[/path]"
	u, err := url.Parse(text)
	if err != nil {
		return field.ErrorList{field.Required(p, "url must be a valid URL: "+err.Error()+form)}
	}
	var errs field.ErrorList
	refuse := func(value, why string) { errs = append(errs, field.Invalid(p, value, why+form)) }
	if u.Scheme != "https" {
		refuse(u.Scheme, "'https' is the only allowed URL scheme")
	}
	if u.Host == "" {
		refuse(u.Host, "host must be specified")
	}
	if u.User != nil {
		refuse(u.User.String(), "user information is not permitted in the URL")
	}
	if u.Fragment != "" {
		refuse(u.Fragment, "fragments are not permitted in the URL")
	}
	if u.RawQuery != "" {
		refuse(u.RawQuery, "query parameters are not permitted in the URL")
	}
	return errs
}

// validatePath wants a path of names: /a/b.
func validatePath(path string, p *field.Path) field.ErrorList {
	if path == "/" || path == "" {
		return nil
	}
	if path == "//" {
		return field.ErrorList{field.Invalid(p, path, "segment[0] may not be empty")}
	}
	var errs field.ErrorList
	if !strings.HasPrefix(path, "/") {
		errs = append(errs, field.Invalid(p, path, "must start with a '/'"))
	}
	steps := strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/")
	for i, step := range steps {
		if step == "" {
			errs = append(errs, field.Invalid(p, path, fmt.Sprintf("segment[%d] may not be empty", i)))
			continue
		}
		for _, bad := range validation.IsDNS1123Subdomain(step) {
			errs = append(errs, field.Invalid(p, path, fmt.Sprintf("segment[%d]: %v", i, bad)))
		}
	}
	return errs
}

// reviewVersions are the versions of ConversionReview that the server speaks.
var reviewVersions = []string{"v1", "v1beta1"}

func validateReviewVersions(versions []string, p *field.Path) field.ErrorList {
	if len(versions) == 0 {
		return field.ErrorList{field.Required(p, "")}
	}
	var errs field.ErrorList
	seen, spoken := map[string]bool{}, false
	for i, v := range versions {
		if seen[v] {
			errs = append(errs, field.Invalid(p.Index(i), v, "duplicate version"))
			continue
		}
		seen[v] = true
		errs = append(errs, meta.Invalid(p.Index(i), v, validation.IsDNS1035Label(v))...)
		spoken = spoken || slices.Contains(reviewVersions, v)
	}
	if !spoken {
		errs = append(errs, field.Invalid(p, versions, "must include at least one of "+strings.Join(reviewVersions, ", ")))
	}
	return errs
}

// validateNewCABundle wants the bundle of a kind that is served to be one. A
// bundle that was none before may stay.
func validateNewCABundle(o, old *Object, p *field.Path) field.ErrorList {
	now, was := caBundle(o), caBundle(old)
	if len(now) == 0 || isBundle(now) || len(was) > 0 && !isBundle(was) {
		return nil
	}
	return field.ErrorList{field.Invalid(p.Child("conversion", "webhookClientConfig", "caBundle"), "<bytes>",
		"unable to load root certificates: it holds no PEM block of a certificate")}
}

func caBundle(o *Object) []byte {
	if c := o.Spec.Conversion; c != nil && c.Webhook != nil && c.Webhook.ClientConfig != nil {
		return c.Webhook.ClientConfig.CABundle
	}
	return nil
}

func isBundle(pem []byte) bool { return x509.NewCertPool().AppendCertsFromPEM(pem) }
