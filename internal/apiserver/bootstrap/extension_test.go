package bootstrap

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestExtensionServersKnowWhomToBelieve(t *testing.T) {
	ctx, kube := t.Context(), newCluster(t)
	o := testOptions()
	o.FrontProxyCA = []byte("proxies")
	start(t, kube, o)
	m, err := kube.CoreV1().ConfigMaps("kube-system").Get(ctx, "extension-apiserver-authentication", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"client-ca-file": "authority", "requestheader-client-ca-file": "proxies",
		"requestheader-allowed-names": `["front-proxy-client"]`, "requestheader-username-headers": `["X-Remote-User"]`,
		"requestheader-group-headers": `["X-Remote-Group"]`, "requestheader-extra-headers-prefix": `["X-Remote-Extra-"]`, "requestheader-uid-headers": `["X-Remote-Uid"]`,
	} {
		if m.Data[key] != want {
			t.Errorf("%s is %q, want %q", key, m.Data[key], want)
		}
	}
}
