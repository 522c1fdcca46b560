package fairness

import (
	"slices"
	"testing"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
)

// to reads a request: a user with its groups, a verb, and a path or the words
// of a resource.
func to(user string, groups []string, verb, path string, resource ...string) *Request {
	r := &Request{User: user, Groups: groups, Verb: verb, Path: path}
	if len(resource) > 0 {
		r.IsResource = true
		r.APIGroup, r.Resource, r.Subresource, r.Namespace = resource[0], resource[1], resource[2], resource[3]
	}
	return r
}

func TestRulesMatch(t *testing.T) {
	const (
		anyone  = "subjects: [{kind: User, user: {name: '*'}}]"
		allPods = "resourceRules: [{verbs: ['*'], apiGroups: [''], resources: [pods], namespaces: ['*'], clusterScope: true}]"
		all     = "resourceRules: [{verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true}]"
	)
	paths := func(urls string) string {
		return anyone + ", nonResourceRules: [{verbs: [get], nonResourceURLs: [" + urls + "]}]"
	}
	resources := func(rule string) string { return anyone + ", resourceRules: [{" + rule + "}]" }
	pods := func(user string, groups ...string) *Request {
		return to(user, groups, "get", "", "", "pods", "", "default")
	}
	for _, tt := range []struct {
		rule    string
		request *Request
		want    bool
	}{
		// Who asks.
		{anyone + "," + allPods, pods("eve"), true},
		{"subjects: [{kind: User, user: {name: bob}}]," + allPods, pods("bob"), true},
		{"subjects: [{kind: User, user: {name: bob}}]," + allPods, pods("eve", "bob"), false},
		{"subjects: [{kind: User, user: {name: bob}}, {kind: User, user: {name: eve}}]," + allPods, pods("eve"), true},
		{"subjects: [{kind: Group, group: {name: g}}]," + allPods, pods("g", "f", "g"), true},
		{"subjects: [{kind: Group, group: {name: g}}]," + allPods, pods("g", "f"), false},
		{"subjects: [{kind: Group, group: {name: '*'}}]," + allPods, pods("eve"), true},
		{"subjects: [{kind: ServiceAccount, serviceAccount: {namespace: ns, name: a}}]," + allPods, pods("system:serviceaccount:ns:a"), true},
		{"subjects: [{kind: ServiceAccount, serviceAccount: {namespace: ns, name: a}}]," + allPods, pods("system:serviceaccount:ns:ab"), false},
		{"subjects: [{kind: ServiceAccount, serviceAccount: {namespace: ns, name: a}}]," + allPods, pods("a"), false},
		{"subjects: [{kind: ServiceAccount, serviceAccount: {namespace: ns, name: '*'}}]," + allPods, pods("system:serviceaccount:ns:a"), true},
		{"subjects: [{kind: ServiceAccount, serviceAccount: {namespace: ns, name: '*'}}]," + allPods, pods("system:serviceaccount:nss:a"), false},
		{"subjects: [{kind: User}, {kind: Group}, {kind: ServiceAccount}, {kind: Robot}]," + allPods, pods(""), false},
		{allPods, pods("eve"), false},

		// What for.
		{resources("verbs: [list], apiGroups: [''], resources: [pods], namespaces: [default]"), pods("eve"), false},
		{resources("verbs: [list, get], apiGroups: [''], resources: [pods], namespaces: [default]"), pods("eve"), true},
		{resources("verbs: [get], apiGroups: [apps], resources: [pods], namespaces: [default]"), pods("eve"), false},
		{resources("verbs: [get], apiGroups: [''], resources: [services], namespaces: [default]"), pods("eve"), false},
		{resources("verbs: [get], apiGroups: [''], resources: [pods], namespaces: [other]"), pods("eve"), false},
		{resources("verbs: [get], apiGroups: [''], resources: [pods], clusterScope: true"), pods("eve"), false},
		{resources("verbs: [get], apiGroups: [''], resources: [pods], namespaces: ['*']"), pods("eve"), true},
		{resources("verbs: [get], apiGroups: [''], resources: [pods], namespaces: ['*']"), to("eve", nil, "get", "", "", "pods", "", ""), false},
		{resources("verbs: [get], apiGroups: [''], resources: [pods], clusterScope: true"), to("eve", nil, "get", "", "", "pods", "", ""), true},
		{resources("verbs: [get], apiGroups: [''], resources: [pods], namespaces: ['*']"), to("eve", nil, "get", "", "", "pods", "log", "default"), false},
		{resources("verbs: [get], apiGroups: [''], resources: [pods/log], namespaces: ['*']"), to("eve", nil, "get", "", "", "pods", "log", "default"), true},
		{resources("verbs: [get], apiGroups: [''], resources: [pods/log], namespaces: ['*']"), pods("eve"), false},
		{anyone + "," + all, to("eve", nil, "patch", "", "x", "y", "z", ""), true},
		{anyone + "," + all, to("eve", nil, "get", "/version"), false},
		{paths("'*'"), pods("eve"), false},

		// Other paths.
		{paths("'*'"), to("eve", nil, "get", "/version"), true},
		{paths("'*'"), to("eve", nil, "post", "/version"), false},
		{paths("/healthz"), to("eve", nil, "get", "/healthz"), true},
		{paths("/healthz"), to("eve", nil, "get", "/healthz/etcd"), true},
		{paths("/healthz"), to("eve", nil, "get", "/healthzy"), false},
		{paths("/metrics/*"), to("eve", nil, "get", "/metrics/slis"), true},
		{paths("/metrics/*"), to("eve", nil, "get", "/metrics"), false},
		{paths("/livez, /readyz"), to("eve", nil, "get", "/readyz"), true},
	} {
		fs := parse[flowcontrolv1.FlowSchema](t, "spec: {rules: [{"+tt.rule+"}]}")
		if got := newSchema(fs).matches(tt.request); got != tt.want {
			t.Errorf("%s\n%+v: %t, want %t", tt.rule, *tt.request, got, tt.want)
		}
	}
}

func TestTheFirstSchemaThatMatchesIsTaken(t *testing.T) {
	l := levelOf(t, "l", "{"+reject+"}")
	named := func(name string, precedence int32, users ...string) *flowcontrolv1.FlowSchema {
		fs := byUser(t, name, "l", users...)
		fs.Spec.MatchingPrecedence = precedence
		return fs
	}
	w := newWorld(t, 10, l, named("z-late", 20, "a", "b", "c"), named("b-tie", 10, "a", "b"), named("a-tie", 10, "a"))
	for user, want := range map[string]string{"a": "a-tie", "b": "b-tie", "c": "z-late", "d": "catch-all"} {
		if c := w.Classify(request(user)); c.schema.name != want {
			t.Errorf("%s is of %s, want %s", user, c.schema.name, want)
		}
	}
	c := w.Classify(request("b"))
	if c.schema.level.name != "l" || !slices.Equal(c.schema.uid, []string{"schema-b-tie"}) || !slices.Equal(c.schema.levelUID, []string{"level-l"}) {
		t.Errorf("%s, %q, %q", c.schema.level.name, c.schema.uid, c.schema.levelUID)
	}
}

func TestTheMandatoryObjectsAreAlwaysThere(t *testing.T) {
	w := newWorld(t, 10)
	for _, tt := range []struct {
		groups        []string
		schema, level string
	}{
		{[]string{"system:masters", "system:authenticated"}, "exempt", "exempt"},
		{[]string{"system:authenticated"}, "catch-all", "catch-all"},
		{[]string{"system:unauthenticated"}, "catch-all", "catch-all"},
		{nil, "catch-all", "catch-all"},
	} {
		r := request("eve")
		r.Groups = tt.groups
		if c := w.Classify(r); c.schema.name != tt.schema || c.schema.level.name != tt.level {
			t.Errorf("%q: %s at %s, want %s at %s", tt.groups, c.schema.name, c.schema.level.name, tt.schema, tt.level)
		}
	}
	// A schema whose level is missing, or not usable, does not count, even if
	// it is a mandatory one.
	rest := byUser(t, "catch-all", "none", "*")
	odd := levelOf(t, "odd", "{limitResponse: {type: Queue}}")
	w.configure(rest, odd, byUser(t, "s", "odd", "*"))
	if c := w.Classify(request("eve")); c.schema.name != "catch-all" || c.schema.level.name != "catch-all" || c.schema.uid[0] != "" {
		t.Errorf("%s (%q) at %s", c.schema.name, c.schema.uid, c.schema.level.name)
	}
}

func TestUsableLevels(t *testing.T) {
	for text, want := range map[string]bool{
		"{metadata: {name: exempt}, spec: {type: Exempt, exempt: {}}}":                                                                             true,
		"{metadata: {name: other}, spec: {type: Exempt, exempt: {}}}":                                                                              false,
		"{metadata: {name: exempt}, spec: {type: Exempt}}":                                                                                         false,
		"{metadata: {name: exempt}, spec: {type: Limited, limited: {limitResponse: {type: Reject}}}}":                                              false,
		"{metadata: {name: l}, spec: {type: Limited, limited: {limitResponse: {type: Reject}}}}":                                                   true,
		"{metadata: {name: l}, spec: {type: Limited}}":                                                                                             false,
		"{metadata: {name: l}, spec: {type: Limited, exempt: {}, limited: {limitResponse: {type: Reject}}}}":                                       false,
		"{metadata: {name: l}, spec: {type: Limited, limited: {limitResponse: {type: Reject, queuing: {}}}}}":                                      false,
		"{metadata: {name: l}, spec: {type: Limited, limited: {limitResponse: {type: Queue, queuing: {queues: 4, handSize: 2}}}}}":                 true,
		"{metadata: {name: l}, spec: {type: Limited, limited: {limitResponse: {type: Queue, queuing: {queues: 4, handSize: 5}}}}}":                 false,
		"{metadata: {name: l}, spec: {type: Limited, limited: {limitResponse: {type: Queue, queuing: {queues: 4, handSize: 0}}}}}":                 false,
		"{metadata: {name: l}, spec: {type: Limited, limited: {limitResponse: {type: Drop}}}}":                                                     false,
		"{metadata: {name: l}, spec: {type: Some, limited: {limitResponse: {type: Reject}}}}":                                                      false,
		"{metadata: {name: exempt}, spec: {type: Exempt, exempt: {}, limited: {limitResponse: {type: Queue, queuing: {queues: 1, handSize: 1}}}}}": false,
	} {
		if got := Usable(parse[flowcontrolv1.PriorityLevelConfiguration](t, text)); got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}
