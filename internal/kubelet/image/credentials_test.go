package image

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestCredentials(t *testing.T) {
	secrets := []*corev1.Secret{
		{Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{
			"https://index.docker.io/v1/": {"auth": "aHViOnB3"},
			"registry.example:5000": {"username": "u", "password": "p"},
			"registry.example:5000/team": {"username": "team", "password": "p"},
			"*.corp.example": {"username": "any", "password": "p"}}}`)}},
		{Data: map[string][]byte{corev1.DockerConfigKey: []byte(`{"old.example": {"username": "old", "password": "p"}}`)}},
		{Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`not json`)}},
	}
	for image, want := range map[string][]string{
		"nginx":                           {"hub"},
		"docker.io/library/nginx:1":       {"hub"},
		"registry.example:5000/x":         {"u"},
		"registry.example:5000/team/x:1":  {"team", "u"},
		"eu.corp.example/x@sha256:" + hex: {"any"},
		"corp.example/x":                  nil,
		"old.example/x":                   {"old"},
		"UPPER/../bad":                    nil,
	} {
		var got []string
		for _, a := range Credentials(secrets, image) {
			got = append(got, a.Username)
			if a.ServerAddress != "" {
				t.Errorf("%s: a runtime would keep the credentials from every server but %q", image, a.ServerAddress)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", image, got, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", image, got, want)
			}
		}
	}
}

const hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
