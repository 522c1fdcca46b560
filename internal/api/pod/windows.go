package pod

import (
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
)

const maxCredentialSpecKiB = 64

func validateWindowsOptions(w *corev1.WindowsSecurityContextOptions, p *field.Path) field.ErrorList {
	if w == nil {
		return nil
	}
	var errs field.ErrorList
	if n := w.GMSACredentialSpecName; n != nil {
		errs = append(errs, meta.Invalid(p.Child("gmsaCredentialSpecName"), *n, validation.IsDNS1123Subdomain(*n))...)
	}
	if spec := w.GMSACredentialSpec; spec != nil {
		switch sp := p.Child("gmsaCredentialSpec"); {
		case *spec == "":
			errs = append(errs, field.Invalid(sp, *spec, "gmsaCredentialSpec cannot be an empty string"))
		case len(*spec) > maxCredentialSpecKiB*1024:
			errs = append(errs, field.Invalid(sp, *spec, fmt.Sprintf("gmsaCredentialSpec size must be under %d KiB", maxCredentialSpecKiB)))
		}
	}
	if w.RunAsUserName != nil {
		for _, why := range windowsUser(*w.RunAsUserName) {
			errs = append(errs, field.Invalid(p.Child("runAsUserName"), *w.RunAsUserName, "runAsUserName"+why))
		}
	}
	return errs
}

// Limits and forms of a Windows user, "DOMAIN\user".
const (
	maxWindowsDomain = 256
	maxWindowsUser   = 104
)

var (
	controlCharacters = regexp.MustCompile(`[[:cntrl:]]+`)
	netBIOSDomain     = regexp.MustCompile(`^[^\\/:\*\?"<>|\.][^\\/:\*\?"<>|]{0,14}$`)
	dnsDomain         = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$`)
	badUserCharacters = regexp.MustCompile(`["/\\:;|=,\+\*\?<>@\[\]]`)
	onlyDotsOrSpaces  = regexp.MustCompile(`^[\. ]+$`)
)

// windowsUser says what is wrong with the name of a user.
func windowsUser(name string) []string {
	switch {
	case name == "":
		return []string{" cannot be an empty string"}
	case controlCharacters.MatchString(name):
		return []string{" cannot contain control characters"}
	case strings.Count(name, `\`) > 1:
		return []string{" cannot contain more than one backslash"}
	}
	domain, user, inDomain := strings.Cut(name, `\`)
	if !inDomain {
		domain, user = "", name
	}
	var why []string
	if len(domain) >= maxWindowsDomain {
		why = append(why, fmt.Sprintf("'s Domain length must be under %d characters", maxWindowsDomain))
	}
	if inDomain && !netBIOSDomain.MatchString(domain) && !dnsDomain.MatchString(domain) {
		why = append(why, "'s Domain doesn't match the NetBios nor the DNS format")
	}
	if user == "" {
		why = append(why, "'s User cannot be empty")
	} else if len(user) > maxWindowsUser {
		why = append(why, fmt.Sprintf("'s User length must not be longer than %d characters", maxWindowsUser))
	}
	if onlyDotsOrSpaces.MatchString(user) {
		why = append(why, "'s User cannot contain only periods or spaces")
	}
	if badUserCharacters.MatchString(user) {
		why = append(why, `'s User cannot contain the following characters: "/\:;|=,+*?<>@[]`)
	}
	return why
}

// validateHostProcess: on Windows, either all containers of a pod are
// processes of the host or none, and they use its network.
func validateHostProcess(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	var ofPod *bool
	if s.SecurityContext != nil && s.SecurityContext.WindowsOptions != nil {
		ofPod = s.SecurityContext.WindowsOptions.HostProcess
	}
	all, host := 0, 0
	eachAt(s, p, func(c *corev1.Container, p *field.Path) {
		all++
		own := ofPod
		if c.SecurityContext != nil && c.SecurityContext.WindowsOptions != nil && c.SecurityContext.WindowsOptions.HostProcess != nil {
			own = c.SecurityContext.WindowsOptions.HostProcess
			if ofPod != nil && *own != *ofPod {
				errs = append(errs, field.Invalid(p.Child("securityContext", "windowsOptions", "hostProcess"), *own,
					fmt.Sprintf("pod hostProcess value must be identical if both are specified, was %v", *ofPod)))
			}
		}
		if ptr.Deref(own, false) {
			host++
		}
	})
	if host > 0 && host != all {
		errs = append(errs, field.Invalid(p, "", "If pod contains any hostProcess containers then all containers must be HostProcess containers"))
	}
	if host > 0 && !s.HostNetwork {
		errs = append(errs, field.Invalid(p.Child("hostNetwork"), false, "hostNetwork must be true if pod contains any hostProcess containers"))
	}
	return errs
}
