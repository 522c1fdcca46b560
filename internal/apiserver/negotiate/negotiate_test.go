package negotiate

import (
	"net/http/httptest"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestResponse(t *testing.T) {
	tests := []struct {
		accept string
		want   string // encoding and shape; "" for a refusal
	}{
		{"", "application/json"},
		{"*/*", "application/json"},
		{"application/*", "application/json"},
		{"application/yaml", "application/yaml"},
		{"application/yaml;q=0.5, application/cbor;q=0.7", "application/cbor"},
		{"text/html, application/xhtml+xml, application/yaml;q=0.9, */*;q=0.8", "application/yaml"},
		{"application/vnd.kubernetes.protobuf,application/json", "application/vnd.kubernetes.protobuf"},
		{"text/html", ""},
		{"application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "application/json Table"},
		{"application/json;as=Table;v=v9;g=meta.k8s.io,application/json", "application/json"},
		{"application/json;as=Other;v=v1;g=meta.k8s.io", ""},
		{"application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "application/vnd.kubernetes.protobuf Metadata"},
		{";;;, application/yaml", "application/yaml"},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		if tt.accept != "" {
			r.Header.Set("Accept", tt.accept)
		}
		m, err := Response(r, true)
		got := m.Encoding.String() + [...]string{Whole: "", Metadata: " Metadata", Table: " Table"}[m.Shape]
		switch {
		case tt.want == "" && apierrors.ReasonForError(err) != "NotAcceptable":
			t.Errorf("%s: got %q, %v; want it refused", tt.accept, got, err)
		case tt.want != "" && (err != nil || got != tt.want):
			t.Errorf("%s: got %q, %v; want %q", tt.accept, got, err, tt.want)
		}
	}
}

func TestPretty(t *testing.T) {
	tests := []struct {
		query, agent, accept string
		want                 bool
	}{
		{"", "kubectl/v1.37.2", "", false},
		{"", "curl/8.0", "", true},
		{"", "Wget/1.21", "", true},
		{"", "Mozilla/5.0 (X11)", "", true},
		{"?pretty=1", "x", "", true},
		{"?pretty=true", "x", "", true},
		{"?pretty=false", "curl/8.0", "", false},
		{"", "x", "application/json;pretty=1", true},
		{"", "x", "application/json;pretty=0", false},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "/"+tt.query, nil)
		r.Header.Set("User-Agent", tt.agent)
		r.Header.Set("Accept", tt.accept)
		if m, err := Response(r, true); err != nil || m.Pretty != tt.want {
			t.Errorf("%+v: pretty %v, %v", tt, m.Pretty, err)
		}
	}
}
