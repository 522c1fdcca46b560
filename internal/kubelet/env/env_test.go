package env

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestExpand(t *testing.T) {
	vars := map[string]string{"A": "1", "EMPTY": "", "B": "$(A)"}
	for in, want := range map[string]string{
		"":               "",
		"plain":          "plain",
		"$(A)":           "1",
		"x$(A)y$(A)":     "x1y1",
		"$(EMPTY)":       "",
		"$(NONE)":        "$(NONE)",
		"$$(A)":          "$(A)",
		"$$$(A)":         "$1",
		"$A $":           "$A $",
		"$(A":            "$(A",
		"$(B)":           "$(A)", // values are not expanded again
		"$$$$":           "$$",
		"a $(A)$(NONE)$": "a 1$(NONE)$",
	} {
		got := Expand(in, func(n string) (string, bool) { v, ok := vars[n]; return v, ok })
		if got != want {
			t.Errorf("Expand(%q) = %q, want %q", in, got, want)
		}
	}
}

// objects has one ConfigMap and one Secret, both called "o".
type objects struct{}

func (objects) ConfigMap(_ context.Context, _, name string) (*corev1.ConfigMap, error) {
	if name != "o" {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, name)
	}
	return &corev1.ConfigMap{Data: map[string]string{"k": "v", "l": "w"}}, nil
}

func (objects) Secret(_ context.Context, _, name string) (*corev1.Secret, error) {
	if name != "o" {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, name)
	}
	return &corev1.Secret{Data: map[string][]byte{"s": []byte("secret")}}, nil
}

func show(v *Vars) string {
	var out []string
	for _, kv := range v.KeyValues() {
		out = append(out, kv.Key+"="+string(kv.Value))
	}
	return strings.Join(out, " ")
}

func keyRef(name, key string, optional bool) *corev1.EnvVarSource {
	return &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key, Optional: &optional}}
}

func TestMake(t *testing.T) {
	ref := corev1.LocalObjectReference{Name: "o"}
	yes := true
	for _, c := range []struct {
		name      string
		container corev1.Container
		want      string
		err       string
	}{
		{"values refer to earlier ones", corev1.Container{Env: []corev1.EnvVar{
			{Name: "A", Value: "1"}, {Name: "B", Value: "$(A)2$(C)"}, {Name: "C", Value: "3"}}}, "A=1 B=12$(C) C=3", ""},
		{"field", corev1.Container{Env: []corev1.EnvVar{
			{Name: "N", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}}}}, "N=p", ""},
		{"key", corev1.Container{Env: []corev1.EnvVar{{Name: "K", ValueFrom: keyRef("o", "k", false)}}}, "K=v", ""},
		{"missing key", corev1.Container{Env: []corev1.EnvVar{{Name: "K", ValueFrom: keyRef("o", "x", false)}}}, "", "couldn't find key x in ConfigMap ns/o"},
		{"missing map", corev1.Container{Env: []corev1.EnvVar{{Name: "K", ValueFrom: keyRef("x", "k", false)}}}, "", `configmaps "x" not found`},
		{"optional", corev1.Container{Env: []corev1.EnvVar{{Name: "K", ValueFrom: keyRef("x", "k", true)}, {Name: "L", ValueFrom: keyRef("o", "x", true)}}}, "", ""},
		{"from all", corev1.Container{
			EnvFrom: []corev1.EnvFromSource{
				{Prefix: "P_", ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: ref}},
				{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: ref}},
				{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "x"}, Optional: &yes}}},
			Env: []corev1.EnvVar{{Name: "P_l", Value: "mine"}},
		}, "P_k=v P_l=mine s=secret", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns"}}
			v, err := Maker{Objects: objects{}}.Make(context.Background(), pod, &c.container)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("err = %v, want %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := show(v); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestServices(t *testing.T) {
	service := func(ns, name, ip string, ports ...corev1.ServicePort) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Spec: corev1.ServiceSpec{ClusterIP: ip, Ports: ports}}
	}
	all := []*corev1.Service{
		service("default", "kubernetes", "10.96.0.1", corev1.ServicePort{Name: "https", Port: 443, Protocol: "TCP"}),
		service("ns", "my-db", "10.96.0.7", corev1.ServicePort{Port: 53, Protocol: "UDP"}),
		service("ns", "headless", "None", corev1.ServicePort{Port: 1, Protocol: "TCP"}),
		service("other", "far", "10.96.0.9", corev1.ServicePort{Port: 1, Protocol: "TCP"}),
	}
	got := Services(all, "ns", true)
	for name, want := range map[string]string{
		"KUBERNETES_SERVICE_HOST":       "10.96.0.1",
		"KUBERNETES_SERVICE_PORT":       "443",
		"KUBERNETES_SERVICE_PORT_HTTPS": "443",
		"KUBERNETES_PORT_443_TCP":       "tcp://10.96.0.1:443",
		"MY_DB_SERVICE_HOST":            "10.96.0.7",
		"MY_DB_PORT_53_UDP_PROTO":       "udp",
		"MY_DB_PORT":                    "udp://10.96.0.7:53",
	} {
		if got[name] != want {
			t.Errorf("%s = %q, want %q", name, got[name], want)
		}
	}
	for name := range got {
		if strings.HasPrefix(name, "FAR") || strings.HasPrefix(name, "HEADLESS") {
			t.Errorf("%s is set", name)
		}
	}
	if got := Services(all, "ns", false); got["MY_DB_PORT"] != "" || got["KUBERNETES_PORT"] == "" {
		t.Errorf("without links: %v", got)
	}
}
