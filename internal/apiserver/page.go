package apiserver

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// page is a continue token: where the next page starts, and the revision that
// all pages show. Revision -1 continues at whatever is there now.
type page struct {
	APIVersion string `json:"v"`
	Revision   int64  `json:"rv"`
	Start      string `json:"start"`
}

const pageVersion = "meta.k8s.io/v1"

func (p page) token() string {
	p.APIVersion = pageVersion
	data, _ := json.Marshal(p)
	return base64.RawURLEncoding.EncodeToString(data)
}

// nextPage is the token of the page behind the object with that key.
func nextPage(revision int64, after string) string {
	if after == "" {
		return ""
	}
	return page{Revision: revision, Start: after + "\x00"}.token()
}

// after is the key behind which the page starts.
func (p page) after() string { return strings.TrimSuffix(p.Start, "\x00") }

func parsePage(token string) (page, error) {
	var p page
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	switch {
	case err != nil:
		return p, apierrors.NewBadRequest("continue key is not valid: " + err.Error())
	case p.APIVersion != pageVersion || p.Start == "" || p.Revision == 0:
		return p, apierrors.NewBadRequest("continue key is not valid: server does not recognize this encoded version " + p.APIVersion)
	}
	return p, nil
}

// expiredPage is the 410 for a page whose revision is gone. It carries a
// token with which the client can go on all the same, at the present revision.
func expiredPage(p page) error {
	err := apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result. " +
		"You can start a new list without the continue parameter, or use the continue token in this response to retrieve " +
		"the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that " +
		"were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.")
	err.ErrStatus.ListMeta = metav1.ListMeta{Continue: page{Revision: -1, Start: p.Start}.token()}
	return err
}
