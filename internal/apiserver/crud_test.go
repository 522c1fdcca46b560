package apiserver_test

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver/apitest"
)

// configs are the ways of reaching one server: in the process and over TLS,
// in JSON and in protobuf.
func configs(s *apitest.Server) map[string]*rest.Config {
	const proto, cbor = "application/vnd.kubernetes.protobuf", "application/cbor"
	out := map[string]*rest.Config{"inprocess-json": s.Admin(), "tls-json": s.Listen("admin", "system:masters")}
	for _, name := range []string{"inprocess", "tls"} {
		c := rest.CopyConfig(out[name+"-json"])
		c.ContentType, c.AcceptContentTypes = proto, proto+",application/json"
		out[name+"-proto"] = c
		c = rest.CopyConfig(c)
		c.ContentType, c.AcceptContentTypes = cbor, cbor
		out[name+"-cbor"] = c
	}
	return out
}

func TestObjectsLiveAndDie(t *testing.T) {
	s := apitest.Start(t)
	for name, config := range configs(s) {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default")
			made, err := c.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"a": "1"}}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if made.UID == "" || made.ResourceVersion == "" || made.CreationTimestamp.IsZero() || len(made.ManagedFields) != 1 {
				t.Errorf("system fields are not filled in: %+v", made.ObjectMeta)
			}
			made.Data["a"] = "2"
			changed, err := c.Update(ctx, made, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Update(ctx, made, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
				t.Errorf("update of an old version: %v", err)
			}
			got, err := c.Get(ctx, name, metav1.GetOptions{})
			if err != nil || got.Data["a"] != "2" || got.ResourceVersion != changed.ResourceVersion {
				t.Errorf("got %+v, %v", got, err)
			}
			list, err := c.List(ctx, metav1.ListOptions{})
			if err != nil || len(list.Items) != 1 || list.Items[0].Name != name {
				t.Errorf("list: %+v, %v", list, err)
			}
			if err := c.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
			if _, err := c.Get(ctx, name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("get of what is deleted: %v", err)
			}
		})
	}
}

// What the system writes of an object's name into it is there when the name
// is a generated one, too.
func TestGeneratedNamesReachWhatIsMadeOfThem(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin())
	ns, err := c.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "team-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := ns.Labels[corev1.LabelMetadataName]; got != ns.Name {
		t.Errorf("namespace %s has the label %q", ns.Name, got)
	}
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{GenerateName: "job-"}}
	job.Spec.Template.Spec = corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "c", Image: "i"}}}
	job, err = c.BatchV1().Jobs("default").Create(t.Context(), job, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := job.Spec.Template.Labels[batchv1.JobNameLabel]; got != job.Name {
		t.Errorf("the pods of job %s have the label %q", job.Name, got)
	}
}
