package kubelet

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/core"
	"skiff/internal/apiserver"
)

// log streams the log of a container.
func (p *Proxy) log(w http.ResponseWriter, r *http.Request, c *apiserver.Call) error {
	pod, err := p.getPod(r, c)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	params, err := logParams(query)
	if err != nil {
		return err
	}
	name, err := container(pod, query.Get("container"))
	if err != nil {
		return err
	}
	if pod.Spec.NodeName == "" {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusOK) // nothing has been logged yet
		return nil
	}
	address, err := p.address(r, pod.Spec.NodeName)
	if err != nil {
		return err
	}
	via := p.kubelets
	if flag(query, "insecureSkipTLSVerifyBackend") {
		via = p.insecure
	}
	target := &url.URL{Scheme: "https", Host: address, RawQuery: params.Encode(),
		Path: fmt.Sprintf("/containerLogs/%s/%s/%s", pod.Namespace, pod.Name, name)}
	return forward(w, r, target, via, statusOf(core.Pod.GroupResource(), pod.Name))
}

// flag reads a boolean parameter; "?follow" alone is true.
func flag(query url.Values, name string) bool {
	if !query.Has(name) {
		return false
	}
	v := query.Get(name)
	return v != "0" && v != "false"
}

// logParams checks PodLogOptions and puts them as the kubelet reads them.
func logParams(query url.Values) (url.Values, error) {
	params := url.Values{}
	for _, name := range []string{"follow", "previous", "timestamps"} {
		if flag(query, name) {
			params.Set(name, "true")
		}
	}
	var errs field.ErrorList
	number := func(name string, least int64) {
		text := query.Get(name)
		if text == "" {
			return
		}
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil:
			errs = append(errs, field.Invalid(field.NewPath(name), text, "must be an integer"))
		case n < least:
			errs = append(errs, field.Invalid(field.NewPath(name), n, fmt.Sprintf("must be greater than or equal to %d", least)))
		}
		params.Set(name, text)
	}
	number("tailLines", 0)
	number("limitBytes", 1)
	number("sinceSeconds", 1)
	if since := query.Get("sinceTime"); since != "" {
		if _, err := time.Parse(time.RFC3339, since); err != nil {
			errs = append(errs, field.Invalid(field.NewPath("sinceTime"), since, "must be a time as RFC 3339 has it"))
		}
		if query.Get("sinceSeconds") != "" {
			errs = append(errs, field.Forbidden(field.NewPath(""), "at most one of `sinceTime` or `sinceSeconds` may be specified"))
		}
		params.Set("sinceTime", since)
	}
	switch stream := query.Get("stream"); stream {
	case "", corev1.LogStreamAll:
	case corev1.LogStreamStdout, corev1.LogStreamStderr:
		if query.Get("tailLines") != "" {
			errs = append(errs, field.Forbidden(field.NewPath(""), "`tailLines` and specific `stream` are mutually exclusive for now"))
		}
		params.Set("stream", stream)
	default:
		errs = append(errs, field.NotSupported(field.NewPath("stream"), stream,
			[]string{corev1.LogStreamAll, corev1.LogStreamStderr, corev1.LogStreamStdout}))
	}
	if len(errs) > 0 {
		return nil, apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("PodLogOptions").GroupKind(), "", errs)
	}
	return params, nil
}
