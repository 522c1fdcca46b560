package fairness

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
