package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/apiserver"
)

// log streams a container's log from its kubelet.
func (c *Connector) log(w http.ResponseWriter, r *http.Request, call *apiserver.Call) error {
	pod, err := c.pod(r.Context(), call.Namespace, call.Name)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	container, err := containerOf(pod, q.Get("container"))
	if err != nil {
		return err
	}
	if pod.Spec.NodeName == "" {
		w.Header().Set("Content-Type", "text/plain")
		return nil // it has not run: its log is empty
	}
	q.Del("container")
	location, err := c.location(r.Context(), pod, "containerLogs", container, q)
	if err != nil {
		return err
	}
	return c.copyLog(w, r, location, call)
}

func (c *Connector) copyLog(w http.ResponseWriter, r *http.Request, location *url.URL, call *apiserver.Call) error {
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, location.String(), nil)
	if err != nil {
		return err
	}
	answer, err := c.kubelet.RoundTrip(ask)
	if err != nil {
		return unreachable(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refused(answer, call)
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	copyFlushed(w, answer.Body)
	return nil
}

// copyFlushed copies each piece as it comes: a followed log is read live.
func copyFlushed(w http.ResponseWriter, from io.Reader) {
	control := http.NewResponseController(w)
	_ = control.Flush()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return
			}
			_ = control.Flush()
		}
		if err != nil {
			return
		}
	}
}

// refused turns a kubelet's error into the Status that clients expect.
func refused(answer *http.Response, call *apiserver.Call) error {
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 2<<10))
	text := string(body)
	switch answer.StatusCode {
	case http.StatusBadRequest:
		return apierrors.NewBadRequest(text)
	case http.StatusInternalServerError:
		return apierrors.NewInternalError(errors.New(text))
	}
	return apierrors.NewGenericServerResponse(answer.StatusCode, "", call.GroupResource(), call.Name, text, 0, false)
}

// command passes exec and attach on.
func (c *Connector) command(what string) apiserver.ConnectFunc {
	return func(w http.ResponseWriter, r *http.Request, call *apiserver.Call) error {
		pod, err := c.bound(r.Context(), call)
		if err != nil {
			return err
		}
		asked := r.URL.Query()
		container, err := containerOf(pod, asked.Get("container"))
		if err != nil {
			return err
		}
		location, err := c.location(r.Context(), pod, what, container, streamParams(asked))
		if err != nil {
			return err
		}
		return pass(w, r, location, c.kubelet, false, true)
	}
}

// streamParams says in the kubelet's words which streams a client wants. One
// that names none wants the command's output.
func streamParams(asked url.Values) url.Values {
	out := url.Values{}
	on := func(name string, otherwise bool) bool {
		v, given := asked[name]
		if !given || len(v) == 0 {
			return otherwise
		}
		return v[0] != "false" && v[0] != "0"
	}
	set := func(name string, yes bool) {
		if yes {
			out.Set(name, "1")
		}
	}
	tty := on("tty", false)
	set("input", on("stdin", false))
	set("output", on("stdout", true))
	set("error", on("stderr", true) && !tty)
	set("tty", tty)
	if command := asked["command"]; len(command) > 0 {
		out["command"] = command
	}
	return out
}

// portForward passes connections to a pod's ports on.
func (c *Connector) portForward(w http.ResponseWriter, r *http.Request, call *apiserver.Call) error {
	pod, err := c.bound(r.Context(), call)
	if err != nil {
		return err
	}
	params := url.Values{}
	if ports := r.URL.Query()["ports"]; len(ports) > 0 {
		params["port"] = ports
	}
	location, err := c.location(r.Context(), pod, "portForward", "", params)
	if err != nil {
		return err
	}
	return pass(w, r, location, c.kubelet, false, true)
}

// bound reads the pod of a request, which has to be on a node.
func (c *Connector) bound(ctx context.Context, call *apiserver.Call) (*corev1.Pod, error) {
	pod, err := c.pod(ctx, call.Namespace, call.Name)
	if err == nil && pod.Spec.NodeName == "" {
		err = apierrors.NewBadRequest(fmt.Sprintf("pod %s does not have a host assigned", pod.Name))
	}
	return pod, err
}

// location is the URL at a kubelet of what concerns a pod.
func (c *Connector) location(ctx context.Context, p *corev1.Pod, what, container string, params url.Values) (*url.URL, error) {
	host, err := c.kubeletOf(ctx, p.Spec.NodeName)
	if err != nil {
		return nil, err
	}
	path := "/" + what + "/" + p.Namespace + "/" + p.Name
	if container != "" {
		path += "/" + container
	}
	return &url.URL{Scheme: "https", Host: host, Path: path, RawQuery: params.Encode()}, nil
}
