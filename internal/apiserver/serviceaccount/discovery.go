package serviceaccount

import (
	"encoding/json"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// The paths of the documents by which others verify our tokens (OpenID Connect
// Discovery 1.0).
const (
	ConfigurationPath = "/.well-known/openid-configuration"
	KeysPath          = "/openid/v1/jwks"
)

// Documents are the handlers of the discovery documents, by path. They never
// change while the process runs.
func (i *Issuer) Documents() (map[string]http.Handler, error) {
	configuration, err := json.Marshal(map[string]any{
		"issuer":                                i.URL,
		"jwks_uri":                              i.URL + KeysPath,
		"response_types_supported":              []string{"id_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{string(i.alg)},
	})
	if err != nil {
		return nil, err
	}
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Use: "sig", KeyID: i.keyID, Algorithm: string(i.alg), Key: i.public},
	}})
	if err != nil {
		return nil, err
	}
	return map[string]http.Handler{
		ConfigurationPath: document("application/json", configuration),
		KeysPath:          document("application/jwk-set+json", keys),
	}, nil
}

func document(contentType string, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(body)
	})
}
