// Package apiserver is the one door to the cluster's objects: it answers the
// Kubernetes API over HTTP. A request passes the filters (filters.go), is
// routed by its path to an endpoint (router.go), and answered by one file a
// verb (get.go, list.go, watch.go, create.go, update.go, patch.go, apply.go,
// delete.go, ...). Which kinds there are, and what each means, it takes from
// the api.Resources that it is given; where objects lie, from the store.
//
// Reads copy the store's wire bytes to the socket: get, list and watch decode
// nothing. Writes decode the object once, pass it through defaults, admission
// and validation, and hand it to the store.
//
// It owns nothing outside its memory, and never touches the host.
package apiserver
