package fairness

import (
	"cmp"
	"slices"
	"strings"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
)

// Request is what a request is classified by.
type Request struct {
	User   string
	Groups []string

	// Verb is the API's own (get, list, watch, ...) for a resource, and the
	// method in lower case for another path.
	Verb, Path string
	// IsResource says that the request is for a resource, which the rest names.
	IsResource                                                   bool
	APIGroup, APIVersion, Resource, Subresource, Namespace, Name string
}

// schema is a FlowSchema made ready for matching. It never changes.
type schema struct {
	name       string
	precedence int32
	by         flowcontrolv1.FlowDistinguisherMethodType // "": all requests are one flow
	rules      []rule

	level *level
	flow  *flow
	// uid and levelUID are those of the objects, as values of a header.
	uid, levelUID []string
	// sharded: the level has queues to choose among. hash is where those of the
	// flows begin.
	sharded bool
	hash    uint64
	// mostSeats is the widest that a request may be; 0: the level says nothing.
	mostSeats int
}

// rule matches a request whose user is a subject, and that is for one of the
// resources or paths.
type rule struct {
	subjects  subjects
	resources []resourceRule
	paths     []pathRule
}

type subjects struct {
	everyone      bool
	users, groups []string
	// accounts are how the user names of all service accounts of a namespace
	// begin.
	accounts []string
}

type resourceRule struct {
	verbs, groups, namespaces oneOf
	anyResource               bool
	resources                 []resource
	clusterScope              bool
}

type resource struct{ name, subresource string }

type pathRule struct {
	verbs oneOf
	any   bool
	exact []string
	below []string // prefixes that end with a slash
}

// oneOf is a list that may have a wildcard in it.
type oneOf struct {
	any bool
	of  []string
}

const wildcard = "*"

func newOneOf(list []string) oneOf { return oneOf{any: slices.Contains(list, wildcard), of: list} }

func (o *oneOf) has(s string) bool { return o.any || slices.Contains(o.of, s) }

func newSchema(fs *flowcontrolv1.FlowSchema) *schema {
	s := &schema{name: fs.Name, precedence: fs.Spec.MatchingPrecedence, uid: []string{string(fs.UID)}}
	if m := fs.Spec.DistinguisherMethod; m != nil {
		s.by = m.Type
	}
	for _, r := range fs.Spec.Rules {
		made := rule{subjects: newSubjects(r.Subjects)}
		for _, rr := range r.ResourceRules {
			made.resources = append(made.resources, newResourceRule(rr))
		}
		for _, nr := range r.NonResourceRules {
			made.paths = append(made.paths, newPathRule(nr))
		}
		s.rules = append(s.rules, made)
	}
	return s
}

// compareSchemas orders as they are tried: those who come first by precedence,
// then by name.
func compareSchemas(a, b *schema) int {
	return cmp.Or(cmp.Compare(a.precedence, b.precedence), cmp.Compare(a.name, b.name))
}

func newSubjects(list []flowcontrolv1.Subject) (s subjects) {
	for _, one := range list {
		switch {
		case one.Kind == flowcontrolv1.SubjectKindUser && one.User != nil:
			s.add(&s.users, one.User.Name)
		case one.Kind == flowcontrolv1.SubjectKindGroup && one.Group != nil:
			s.add(&s.groups, one.Group.Name)
		case one.Kind == flowcontrolv1.SubjectKindServiceAccount && one.ServiceAccount != nil:
			s.addAccount(one.ServiceAccount)
		}
	}
	return s
}

func (s *subjects) add(list *[]string, name string) {
	if name == wildcard {
		s.everyone = true
		return
	}
	*list = append(*list, name)
}

func (s *subjects) addAccount(a *flowcontrolv1.ServiceAccountSubject) {
	all := "system:serviceaccount:" + a.Namespace + ":"
	if a.Name == wildcard {
		s.accounts = append(s.accounts, all)
		return
	}
	s.users = append(s.users, all+a.Name)
}

func (s *subjects) include(r *Request) bool {
	if s.everyone || slices.Contains(s.users, r.User) {
		return true
	}
	for _, g := range s.groups {
		if slices.Contains(r.Groups, g) {
			return true
		}
	}
	for _, prefix := range s.accounts {
		if strings.HasPrefix(r.User, prefix) {
			return true
		}
	}
	return false
}

func newResourceRule(r flowcontrolv1.ResourcePolicyRule) resourceRule {
	made := resourceRule{
		verbs: newOneOf(r.Verbs), groups: newOneOf(r.APIGroups), namespaces: newOneOf(r.Namespaces),
		anyResource: slices.Contains(r.Resources, wildcard), clusterScope: r.ClusterScope,
	}
	for _, text := range r.Resources {
		name, sub, _ := strings.Cut(text, "/")
		made.resources = append(made.resources, resource{name, sub})
	}
	return made
}

func newPathRule(r flowcontrolv1.NonResourcePolicyRule) pathRule {
	made := pathRule{verbs: newOneOf(r.Verbs), any: slices.Contains(r.NonResourceURLs, wildcard), exact: r.NonResourceURLs}
	for _, path := range r.NonResourceURLs {
		below := strings.TrimSuffix(path, wildcard)
		if !strings.HasSuffix(below, "/") {
			below += "/"
		}
		made.below = append(made.below, below)
	}
	return made
}

func (s *schema) matches(r *Request) bool {
	for i := range s.rules {
		if s.rules[i].matches(r) {
			return true
		}
	}
	return false
}

func (u *rule) matches(r *Request) bool {
	if r.IsResource {
		return len(u.resources) > 0 && u.subjects.include(r) && u.matchesResource(r)
	}
	return len(u.paths) > 0 && u.subjects.include(r) && u.matchesPath(r)
}

func (u *rule) matchesResource(r *Request) bool {
	for i := range u.resources {
		if u.resources[i].matches(r) {
			return true
		}
	}
	return false
}

func (u *rule) matchesPath(r *Request) bool {
	for i := range u.paths {
		if u.paths[i].matches(r) {
			return true
		}
	}
	return false
}

func (u *resourceRule) matches(r *Request) bool {
	if !u.verbs.has(r.Verb) || !u.groups.has(r.APIGroup) {
		return false
	}
	if !u.anyResource && !slices.Contains(u.resources, resource{r.Resource, r.Subresource}) {
		return false
	}
	if r.Namespace == "" {
		return u.clusterScope
	}
	return u.namespaces.has(r.Namespace)
}

// matches takes a path that is in the rule, and all that is below it.
func (u *pathRule) matches(r *Request) bool {
	if !u.verbs.has(r.Verb) {
		return false
	}
	if u.any || slices.Contains(u.exact, r.Path) {
		return true
	}
	for _, prefix := range u.below {
		if strings.HasPrefix(r.Path, prefix) {
			return true
		}
	}
	return false
}

// distinguisher tells the flows of a FlowSchema apart.
func (s *schema) distinguisher(r *Request) string {
	switch {
	case !s.sharded:
		return ""
	case s.by == flowcontrolv1.FlowDistinguisherMethodByUserType:
		return r.User
	case s.by == flowcontrolv1.FlowDistinguisherMethodByNamespaceType:
		return r.Namespace
	}
	return ""
}
