package builtin_test

import (
	"slices"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// warnings keeps the warnings of the answers to a client.
type warnings struct {
	mu   sync.Mutex
	text []string
}

func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, text)
}

func TestComponentStatuses(t *testing.T) {
	ctx, c := t.Context(), start(t)
	config, warned := c.config(t, "admin", "system:masters"), &warnings{}
	config.WarningHandler = warned
	statuses := client(t, config).CoreV1().ComponentStatuses()
	list := must[*corev1.ComponentStatusList](t)(statuses.List(ctx, metav1.ListOptions{}))
	var names []string
	healthy := map[string]bool{}
	for _, s := range list.Items {
		names = append(names, s.Name)
		healthy[s.Name] = s.Conditions[0].Status == corev1.ConditionTrue
	}
	if !slices.Equal(names, []string{"controller-manager", "etcd-0", "scheduler"}) {
		t.Errorf("%v", names)
	}
	if !healthy["etcd-0"] || healthy["scheduler"] || healthy["controller-manager"] {
		t.Errorf("only etcd runs here: %v", healthy)
	}
	if !slices.Contains(warned.text, "v1 ComponentStatus is deprecated in v1.19+") {
		t.Errorf("warnings: %q", warned.text)
	}
	must[*corev1.ComponentStatus](t)(statuses.Get(ctx, "etcd-0", metav1.GetOptions{}))
	if _, err := statuses.Get(ctx, "x", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Error(err)
	}
	selected := must[*corev1.ComponentStatusList](t)(statuses.List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=scheduler"}))
	if len(selected.Items) != 1 {
		t.Errorf("selected by name: %v", selected.Items)
	}
	if err := statuses.Delete(ctx, "scheduler", metav1.DeleteOptions{}); !apierrors.IsMethodNotSupported(err) {
		t.Errorf("deletion: %v", err)
	}
	rows := &metav1.Table{}
	err := client(t, config).CoreV1().RESTClient().Get().Resource("componentstatuses").SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(ctx).Into(rows)
	if err != nil || len(rows.Rows) != 3 || rows.ColumnDefinitions[1].Name != "Status" || rows.Rows[1].Cells[1] != "Healthy" {
		t.Errorf("%+v, %v", rows, err)
	}
}

var _ rest.WarningHandler = (*warnings)(nil)
