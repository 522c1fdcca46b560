package kubelet

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// forward passes a request on to target and the answer back, upgraded
// connections included. check may refuse an answer before any of it is sent.
// It returns an error only if nothing has been written.
func forward(w http.ResponseWriter, r *http.Request, target *url.URL, via http.RoundTripper, check func(*http.Response) error) error {
	var failed error
	proxy := &httputil.ReverseProxy{
		Rewrite: func(out *httputil.ProxyRequest) {
			out.Out.URL = target
			out.Out.Host = target.Host
			out.Out.Header.Del("Authorization") // it was for us
			out.SetXForwarded()
		},
		Transport:      via,
		FlushInterval:  -1, // a log is read as it is written
		ModifyResponse: check,
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) {
			failed = err
		},
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	proxy.ServeHTTP(w, r)
	if failed == nil {
		return nil
	}
	if _, ok := failed.(apierrors.APIStatus); ok {
		return failed
	}
	return unreachable(target, failed)
}

func unreachable(target *url.URL, err error) error {
	return apierrors.NewInternalError(fmt.Errorf("error dialing backend: %s: %w", target.Host, err))
}

// maxErrorText is how much of a kubelet's explanation is passed on.
const maxErrorText = 64 << 10

// statusOf turns a kubelet's refusal into a Status with its words.
func statusOf(resource schema.GroupResource, name string) func(*http.Response) error {
	return func(resp *http.Response) error {
		if resp.StatusCode < http.StatusBadRequest {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorText))
		if err != nil {
			return err
		}
		message := strings.TrimSpace(string(text))
		if resp.StatusCode == http.StatusBadRequest {
			return apierrors.NewBadRequest(message)
		}
		status := apierrors.NewGenericServerResponse(resp.StatusCode, http.MethodGet, resource, name, message, 0, true)
		return status
	}
}
