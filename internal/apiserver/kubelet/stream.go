package kubelet

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/authz"
)

func (p *Proxy) exec(w http.ResponseWriter, r *http.Request, c *apiserver.Call) error {
	query := r.URL.Query()
	if len(query["command"]) == 0 {
		return apierrors.NewBadRequest("you must specify at least 1 command for the container")
	}
	return p.stream(w, r, c, "exec", query["command"])
}

func (p *Proxy) attach(w http.ResponseWriter, r *http.Request, c *apiserver.Call) error {
	return p.stream(w, r, c, "attach", nil)
}

// stream connects the client with a container's standard streams.
func (p *Proxy) stream(w http.ResponseWriter, r *http.Request, c *apiserver.Call, verb string, command []string) error {
	pod, err := p.target(r, c)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	name, err := container(pod, query.Get("container"))
	if err != nil {
		return err
	}
	params, err := streamParams(query)
	if err != nil {
		return err
	}
	if len(command) > 0 {
		params["command"] = command
	}
	return p.toKubelet(w, r, pod.Spec.NodeName, strings.Join([]string{"", verb, pod.Namespace, pod.Name, name}, "/"), params)
}

// streamParams says to the kubelet, in its own words, which streams are meant.
func streamParams(query url.Values) (url.Values, error) {
	on := func(name string, standing bool) bool {
		if !query.Has(name) {
			return standing
		}
		v, err := strconv.ParseBool(query.Get(name))
		return err == nil && v || query.Get(name) == ""
	}
	params := url.Values{}
	tty := on("tty", false)
	for _, s := range []struct {
		ours, theirs string
		standing     bool
	}{{"stdin", "input", false}, {"stdout", "output", true}, {"stderr", "error", true}} {
		if on(s.ours, s.standing) && !(tty && s.ours == "stderr") {
			params.Set(s.theirs, "1")
		}
	}
	if tty {
		params.Set("tty", "1")
	}
	if !params.Has("input") && !params.Has("output") && !params.Has("error") {
		return nil, apierrors.NewBadRequest("you must specify at least one of stdin, stdout, stderr")
	}
	return params, nil
}

func (p *Proxy) portForward(w http.ResponseWriter, r *http.Request, c *apiserver.Call) error {
	pod, err := p.target(r, c)
	if err != nil {
		return err
	}
	params := url.Values{}
	for _, port := range r.URL.Query()["ports"] {
		params.Add("port", port)
	}
	return p.toKubelet(w, r, pod.Spec.NodeName, "/portForward/"+pod.Namespace+"/"+pod.Name, params)
}

// target returns the pod that a stream is for. Who may only read must not
// run things by a GET, which is how WebSockets begin.
func (p *Proxy) target(r *http.Request, c *apiserver.Call) (*corev1.Pod, error) {
	if c.Verb == "get" {
		decision, reason, err := p.Authorizer.Authorize(r.Context(), authz.Attributes{
			User: c.User, Verb: "create", Group: c.Group, Version: c.Version, Resource: c.Resource,
			Subresource: c.Subresource, Namespace: c.Namespace, Name: c.Name,
		})
		if err != nil || decision != authz.Allow {
			text := fmt.Sprintf("User %q cannot create resource %q in API group %q in the namespace %q",
				c.User.Name, c.Resource+"/"+c.Subresource, c.Group, c.Namespace)
			if reason != "" {
				text += ": " + reason
			}
			return nil, apierrors.NewForbidden(schema.GroupResource{Resource: c.Resource}, c.Name, fmt.Errorf("%s", text))
		}
	}
	pod, err := p.getPod(r, c)
	if err != nil {
		return nil, err
	}
	if pod.Spec.NodeName == "" {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("pod %s does not have a host assigned", pod.Name))
	}
	return pod, nil
}

// toKubelet hands the connection on to the kubelet of a node.
func (p *Proxy) toKubelet(w http.ResponseWriter, r *http.Request, node, path string, params url.Values) error {
	address, err := p.address(r, node)
	if err != nil {
		return err
	}
	target := &url.URL{Scheme: "https", Host: address, Path: path, RawQuery: params.Encode()}
	return forward(w, r, target, p.kubelets, nil)
}
