// Package server is the kubelet's HTTPS interface: logs, exec, attach and
// port-forward of the node's pods, their usage, and health. The paths are those
// of every kubelet, so that API servers and metrics collectors know them.
//
// It owns who may ask for what; what is answered comes from a Node.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/kubelet/stream"
)

// Node is what the server answers from.
type Node interface {
	Pods() []*corev1.Pod
	// Log writes a container's log. A container that cannot be found or has no
	// log is an *Error.
	Log(ctx context.Context, namespace, pod, container string, o *corev1.PodLogOptions, out io.Writer, flush func()) error
	// Exec, Attach and PortForward return where the runtime serves the streams.
	Exec(ctx context.Context, namespace, pod, container string, command []string, o stream.Options) (*url.URL, error)
	// An attach has a terminal if the container does, whatever was asked for:
	// Attach returns the options that hold.
	Attach(ctx context.Context, namespace, pod, container string, o stream.Options) (*url.URL, stream.Options, error)
	PortForward(ctx context.Context, namespace, pod string) (*url.URL, error)
	// Run runs a command and returns what it wrote.
	Run(ctx context.Context, namespace, pod, container string, command []string) ([]byte, error)
	// Healthy says what is wrong with the kubelet, nil if nothing.
	Healthy() error
	// Summary and ResourceMetrics are the usage of node and pods, as JSON and
	// as Prometheus text.
	Summary(ctx context.Context) (any, error)
	ResourceMetrics(ctx context.Context, out io.Writer) error
	Metrics() http.Handler
}

// Error is an error with the HTTP status that it is answered with.
type Error struct {
	Code    int
	Message string
}

func (e *Error) Error() string { return e.Message }

// NotFound says that there is no such thing.
func NotFound(format string, args ...any) error {
	return &Error{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// BadRequest says what is wrong with a request.
func BadRequest(format string, args ...any) error {
	return &Error{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// Handler returns the kubelet's interface behind access control.
func Handler(n Node, access *Access) http.Handler {
	h := handler{n}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", h.healthz)
	mux.HandleFunc("GET /healthz/{check}", h.healthz)
	mux.HandleFunc("GET /pods", h.pods)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", h.log)
	for _, uid := range []string{"", "{uid}/"} {
		mux.HandleFunc("/exec/{namespace}/{pod}/"+uid+"{container}", h.exec)
		mux.HandleFunc("/attach/{namespace}/{pod}/"+uid+"{container}", h.attach)
		mux.HandleFunc("POST /run/{namespace}/{pod}/"+uid+"{container}", h.run)
	}
	mux.HandleFunc("/portForward/{namespace}/{pod}", h.portForward)
	mux.HandleFunc("/portForward/{namespace}/{pod}/{uid}", h.portForward)
	mux.HandleFunc("GET /stats/summary", h.summary)
	mux.HandleFunc("GET /metrics/resource", h.resource)
	mux.Handle("GET /metrics", n.Metrics())
	return access.guard(mux)
}

type handler struct{ node Node }

// answer writes an error with its status.
func answer(w http.ResponseWriter, err error) {
	var e *Error
	switch {
	case errors.As(err, &e):
		http.Error(w, e.Message, e.Code)
	case errors.Is(err, fs.ErrNotExist):
		http.Error(w, err.Error(), http.StatusNotFound)
	default:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (h handler) healthz(w http.ResponseWriter, _ *http.Request) {
	if err := h.node.Healthy(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, "ok")
}

func (h handler) pods(w http.ResponseWriter, _ *http.Request) {
	list := corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: []corev1.Pod{}}
	for _, p := range h.node.Pods() {
		list.Items = append(list.Items, *p)
	}
	reply(w, list)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (h handler) log(w http.ResponseWriter, r *http.Request) {
	o, err := logOptions(r.URL.Query())
	if err != nil {
		answer(w, err)
		return
	}
	out := &late{w: w}
	flush := func() {
		out.begin()
		_ = http.NewResponseController(w).Flush()
	}
	err = h.node.Log(r.Context(), r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"), o, out, flush)
	if err != nil && !out.begun {
		answer(w, err)
	}
}

// late writes the header with the first byte: until then an error can still
// be answered.
type late struct {
	w     http.ResponseWriter
	begun bool
}

func (l *late) begin() {
	if !l.begun {
		l.begun = true
		l.w.Header().Set("Content-Type", "text/plain")
		l.w.WriteHeader(http.StatusOK)
	}
}

func (l *late) Write(b []byte) (int, error) {
	l.begin()
	return l.w.Write(b)
}

func logOptions(q url.Values) (*corev1.PodLogOptions, error) {
	o := &corev1.PodLogOptions{}
	for name, field := range map[string]**int64{"tailLines": &o.TailLines, "sinceSeconds": &o.SinceSeconds, "limitBytes": &o.LimitBytes} {
		if err := number(q, name, field); err != nil {
			return nil, err
		}
	}
	o.Follow, o.Previous, o.Timestamps = flag(q, "follow"), flag(q, "previous"), flag(q, "timestamps")
	if s := q.Get("stream"); s != "" {
		o.Stream = &s
	}
	if s := q.Get("sinceTime"); s != "" {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return nil, BadRequest("sinceTime %q is not a time of RFC 3339", s)
		}
		o.SinceTime = &metav1.Time{Time: at}
	}
	return o, nil
}

func number(q url.Values, name string, field **int64) error {
	s := q.Get(name)
	if s == "" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return BadRequest("%s %q must be a number, 0 or greater", name, s)
	}
	*field = &n
	return nil
}

// flag is a query's yes or no. API servers send "1" to kubelets and take
// "true" from clients; both are understood, and either name of a stream.
func flag(q url.Values, names ...string) bool {
	for _, n := range names {
		if ok, _ := strconv.ParseBool(q.Get(n)); ok {
			return true
		}
	}
	return false
}

func streamOptions(q url.Values) (stream.Options, error) {
	o := stream.Options{
		Stdin:  flag(q, "input", "stdin"),
		Stdout: flag(q, "output", "stdout"),
		Stderr: flag(q, "error", "stderr"),
		TTY:    flag(q, "tty"),
	}
	o.Stderr = o.Stderr && !o.TTY // a terminal has one output
	if !o.Stdin && !o.Stdout && !o.Stderr {
		return o, BadRequest("you must specify at least 1 of stdin, stdout, stderr")
	}
	return o, nil
}

func (h handler) exec(w http.ResponseWriter, r *http.Request) {
	o, err := streamOptions(r.URL.Query())
	if err != nil {
		answer(w, err)
		return
	}
	location, err := h.node.Exec(r.Context(), r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"), r.URL.Query()["command"], o)
	if err != nil {
		answer(w, err)
		return
	}
	stream.ServeCommand(w, r, location, o)
}

func (h handler) attach(w http.ResponseWriter, r *http.Request) {
	o, err := streamOptions(r.URL.Query())
	if err != nil {
		answer(w, err)
		return
	}
	location, o, err := h.node.Attach(r.Context(), r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"), o)
	if err != nil {
		answer(w, err)
		return
	}
	stream.ServeCommand(w, r, location, o)
}

func (h handler) portForward(w http.ResponseWriter, r *http.Request) {
	location, err := h.node.PortForward(r.Context(), r.PathValue("namespace"), r.PathValue("pod"))
	if err != nil {
		answer(w, err)
		return
	}
	stream.ServePortForward(w, r, location)
}

func (h handler) run(w http.ResponseWriter, r *http.Request) {
	command := r.URL.Query()["cmd"]
	if len(command) == 0 {
		answer(w, BadRequest("cmd is missing"))
		return
	}
	output, err := h.node.Run(r.Context(), r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"), command)
	if err != nil {
		answer(w, err)
		return
	}
	_, _ = w.Write(output)
}

func (h handler) summary(w http.ResponseWriter, r *http.Request) {
	s, err := h.node.Summary(r.Context())
	if err != nil {
		answer(w, err)
		return
	}
	reply(w, s)
}

func (h handler) resource(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if err := h.node.ResourceMetrics(r.Context(), w); err != nil {
		answer(w, err)
	}
}
