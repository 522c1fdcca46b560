package apiserver_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/apiserver/apitest"
)

// A generated name that is taken is made anew, up to eight times. Chance is
// the same from each seed, so that the names come again.
func TestGeneratedNamesAreMadeAnew(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("default")
	make := func() (string, error) {
		made, err := c.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "c-"}}, metav1.CreateOptions{})
		if err != nil {
			return "", err
		}
		return made.Name, nil
	}
	const seed, tries = 1, 8
	seen := map[string]bool{}
	for range tries {
		rand.Seed(seed) // all that were made before are taken
		name, err := make()
		if err != nil || seen[name] || !strings.HasPrefix(name, "c-") || len(name) != 7 {
			t.Fatalf("after %d: %q, %v", len(seen), name, err)
		}
		seen[name] = true
	}
	rand.Seed(seed)
	_, err := make()
	if !apierrors.IsAlreadyExists(err) || !strings.Contains(err.Error(), "already exists, the server was not able to generate a unique name for the object") {
		t.Errorf("when all names are taken: %v", err)
	}
}
