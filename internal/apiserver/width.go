package apiserver

import (
	"net/http"
	"net/url"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/apiserver/fairness"
	"skiff/internal/store"
)

// width is how many seats a request takes, and for how long. most is the
// widest that its level allows.
func (s *Server) width(r *http.Request, i *RequestInfo, most int) fairness.Width {
	if !i.IsResource {
		return fairness.One
	}
	switch i.Verb {
	case "list", "watch", "create", "update", "patch", "delete":
	default:
		return fairness.One
	}
	e := s.endpoints[schema.GroupVersionResource{Group: i.Group, Version: i.Version, Resource: i.Resource}]
	switch {
	case e == nil || e.table == nil:
		return fairness.One
	case i.Verb == "list" || i.Verb == "watch":
		return listWidth(e.table, i, r, most)
	case i.Resource == "serviceaccounts" && i.Subresource == "token":
		return fairness.One // it writes nothing that could be watched
	}
	return fairness.WriteWidth(e.table.Watchers(i.Namespace, i.Name), most)
}

// listWidth is that of the objects that a list reads, or a watch begins with.
func listWidth(t store.Table, i *RequestInfo, r *http.Request, most int) fairness.Width {
	whole := fairness.ListWidth(t.Size(), most)
	if whole == fairness.One || i.Name != "" {
		return fairness.One
	}
	q := r.URL.Query()
	if i.Verb == "watch" && !beginsWithState(q) {
		return fairness.One
	}
	objects := int64(t.Count())
	limit, err := strconv.ParseInt(q.Get("limit"), 10, 64)
	if err != nil || limit <= 0 || limit >= objects {
		return whole
	}
	return fairness.ListWidth(limit*(t.Size()/objects), most)
}

// beginsWithState says whether a watch sends what is there before what changes.
func beginsWithState(q url.Values) bool {
	from := q.Get("resourceVersion")
	return from == "" || from == "0" || q.Get("sendInitialEvents") == "true"
}
