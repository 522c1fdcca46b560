package resource

import (
	"strings"

	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// label wants a DNS label, as requests, devices and counters are named.
func label(p *field.Path, name string) field.ErrorList {
	return meta.Invalid(p, name, validation.IsDNS1123Label(name))
}

// driverName wants the name of a driver, which is that of a CSI driver: a DNS
// subdomain in any case, and short.
func driverName(p *field.Path, name string) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	var errs field.ErrorList
	if len(name) > resourcev1.DriverNameMaxLength {
		errs = append(errs, field.TooLong(p, name, resourcev1.DriverNameMaxLength))
	}
	return append(errs, meta.Invalid(p, name, validation.IsDNS1123Subdomain(strings.ToLower(name)))...)
}

// poolName wants DNS subdomains, with slashes between them.
func poolName(p *field.Path, name string) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	var errs field.ErrorList
	if len(name) > resourcev1.PoolNameMaxLength {
		errs = append(errs, field.TooLong(p, name, resourcev1.PoolNameMaxLength))
	}
	for part := range strings.SplitSeq(name, "/") {
		errs = append(errs, meta.Invalid(p, part, validation.IsDNS1123Subdomain(part))...)
	}
	return errs
}

// qualifiedName wants an identifier, which may stand behind a domain.
func qualifiedName(p *field.Path, name string) field.ErrorList {
	domain, id, qualified := strings.Cut(name, "/")
	switch {
	case !qualified:
		return identifier(p, name)
	case strings.Contains(id, "/"):
		return field.ErrorList{field.Invalid(p, name, "must not contain more than one slash")}
	}
	var errs field.ErrorList
	if domain == "" {
		errs = append(errs, field.Invalid(p, "", "the domain must not be empty"))
	} else {
		errs = append(errs, driverName(p, domain)...)
	}
	if id == "" {
		return append(errs, field.Invalid(p, "", "the name must not be empty"))
	}
	return append(errs, identifier(p, id)...)
}

func identifier(p *field.Path, id string) field.ErrorList {
	var errs field.ErrorList
	if len(id) > resourcev1.DeviceMaxIDLength {
		errs = append(errs, field.TooLong(p, id, resourcev1.DeviceMaxIDLength))
	}
	return append(errs, meta.Invalid(p, id, content.IsCIdentifier(id))...)
}

// each judges the items of a list that is not too long. That a list is too
// long is said by the published rules.
func each[T any](p *field.Path, items []T, limit int, check func(p *field.Path, item *T) field.ErrorList) field.ErrorList {
	if len(items) > limit {
		return nil
	}
	var errs field.ErrorList
	for i := range items {
		errs = append(errs, check(p.Index(i), &items[i])...)
	}
	return errs
}

// requestNames are the names of a claim's requests, each with those of its
// alternatives.
type requestNames map[string]map[string]bool

func namesOf(c *resourcev1.DeviceClaim) requestNames {
	names := requestNames{}
	for _, r := range c.Requests {
		names[r.Name] = map[string]bool{}
		for _, s := range r.FirstAvailable {
			names[r.Name][s.Name] = true
		}
	}
	return names
}

// reference wants name to be that of a request, or of one of its alternatives
// ("request/alternative").
func (n requestNames) reference(p *field.Path, name string) field.ErrorList {
	unknown := field.Invalid(p, name, "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'")
	parts := strings.Split(name, "/")
	if len(parts) > 2 {
		return field.ErrorList{unknown}
	}
	var errs field.ErrorList
	for _, part := range parts {
		errs = append(errs, label(p, part)...)
	}
	alternatives, found := n[parts[0]]
	if !found || len(parts) == 2 && !alternatives[parts[1]] {
		errs = append(errs, unknown)
	}
	return errs
}

func (n requestNames) references(p *field.Path, names []string) field.ErrorList {
	return each(p, names, resourcev1.DeviceRequestsMaxSize, func(p *field.Path, name *string) field.ErrorList {
		return n.reference(p, *name)
	})
}

// device names one device, or a share of one, in the whole cluster. Errors
// print it.
type device struct{ Driver, Pool, Device, ShareID string }
