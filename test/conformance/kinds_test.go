package conformance

import (
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	flowv1 "k8s.io/api/flowcontrol/v1"
	migrationv1 "k8s.io/api/storagemigration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// conditioned is a patch that adds a condition to a status, and the question
// whether the status has it.
const conditioned = `{"status":{"conditions":[{"type":"Shown","status":"True","reason":"Test","message":"shown","lastTransitionTime":"2026-01-02T03:04:05Z"}]}}`

func isConditioned(status map[string]any) bool {
	list, _ := status["conditions"].([]any)
	for _, c := range list {
		if m, _ := c.(map[string]any); m["type"] == "Shown" && m["status"] == "True" {
			return true
		}
	}
	return false
}

func TestKindsOfTheMachinery(t *testing.T) {
	a := start(t)
	flow, admission := flowv1.SchemeGroupVersion, admissionv1.SchemeGroupVersion
	promise(t, "[sig-api-machinery] API priority and fairness should support FlowSchema API operations", func(t *testing.T) {
		a.discovered(t, flow, "flowschemas", "flowschemas/status")
		a.lives(t, flow.WithKind("FlowSchema"), "flowschemas")
		a.hasStatus(t, flow.WithKind("FlowSchema"), "flowschemas", conditioned, isConditioned)
	})
	promise(t, "[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations", func(t *testing.T) {
		a.discovered(t, flow, "prioritylevelconfigurations", "prioritylevelconfigurations/status")
		a.lives(t, flow.WithKind("PriorityLevelConfiguration"), "prioritylevelconfigurations")
		a.hasStatus(t, flow.WithKind("PriorityLevelConfiguration"), "prioritylevelconfigurations", conditioned, isConditioned)
	})
	promise(t, "[sig-api-machinery] ValidatingAdmissionPolicy should support ValidatingAdmissionPolicy API operations", func(t *testing.T) {
		a.discovered(t, admission, "validatingadmissionpolicies", "validatingadmissionpolicies/status")
		a.lives(t, admission.WithKind("ValidatingAdmissionPolicy"), "validatingadmissionpolicies")
		a.hasStatus(t, admission.WithKind("ValidatingAdmissionPolicy"), "validatingadmissionpolicies", conditioned, isConditioned)
	})
	promise(t, "[sig-api-machinery] ValidatingAdmissionPolicy should support ValidatingAdmissionPolicyBinding API operations", func(t *testing.T) {
		a.discovered(t, admission, "validatingadmissionpolicybindings")
		a.lives(t, admission.WithKind("ValidatingAdmissionPolicyBinding"), "validatingadmissionpolicybindings")
	})
	promise(t, "[sig-api-machinery] MutatingAdmissionPolicy should support MutatingAdmissionPolicy API operations", func(t *testing.T) {
		a.discovered(t, admission, "mutatingadmissionpolicies")
		a.lives(t, admission.WithKind("MutatingAdmissionPolicy"), "mutatingadmissionpolicies")
	})
	promise(t, "[sig-api-machinery] MutatingAdmissionPolicy should support MutatingAdmissionPolicyBinding API operations", func(t *testing.T) {
		a.discovered(t, admission, "mutatingadmissionpolicybindings")
		a.lives(t, admission.WithKind("MutatingAdmissionPolicyBinding"), "mutatingadmissionpolicybindings")
	})
	promise(t, "[sig-api-machinery] StorageVersionMigration CRUD Tests storagemigration.k8s.io/v1 StorageVersionMigration", func(t *testing.T) {
		migration := migrationv1.SchemeGroupVersion
		a.discovered(t, migration, "storageversionmigrations", "storageversionmigrations/status")
		a.lives(t, migration.WithKind("StorageVersionMigration"), "storageversionmigrations")
		// Whoever writes this status knows up to which revision to migrate.
		a.hasStatus(t, migration.WithKind("StorageVersionMigration"), "storageversionmigrations", strings.Replace(conditioned, `{"conditions"`, `{"resourceVersion":"7","conditions"`, 1), isConditioned)
	})
}

func TestWebhookConfigurations(t *testing.T) {
	ctx, a := t.Context(), start(t)
	promise(t, "[sig-api-machinery] AdmissionWebhook should include webhook resources in discovery documents", func(t *testing.T) {
		a.discovered(t, admissionv1.SchemeGroupVersion, "mutatingwebhookconfigurations", "validatingwebhookconfigurations")
	})
	none, url := admissionv1.SideEffectClassNone, "https://127.0.0.1:1/none"
	client := admissionv1.WebhookClientConfig{URL: &url}
	first := []admissionv1.MatchCondition{{Name: "one", Expression: "object.metadata.name != 'skip-me'"}}
	second := []admissionv1.MatchCondition{{Name: "two", Expression: "object.metadata.namespace == 'production'"}}
	is := func(t *testing.T, list []admissionv1.MatchCondition, want []admissionv1.MatchCondition) {
		t.Helper()
		if len(list) != 1 || list[0] != want[0] {
			t.Errorf("match conditions %v, want %v", list, want)
		}
	}
	promise(t, "[sig-api-machinery] AdmissionWebhook should be able to create and update mutating webhook configurations with match conditions", func(t *testing.T) {
		c := a.kube.AdmissionregistrationV1().MutatingWebhookConfigurations()
		made, err := c.Create(ctx, &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "m"}, Webhooks: []admissionv1.MutatingWebhook{{
			Name: "m.example.com", ClientConfig: client, SideEffects: &none, AdmissionReviewVersions: []string{"v1"}, MatchConditions: first,
		}}}, metav1.CreateOptions{})
		need(t, err)
		is(t, made.Webhooks[0].MatchConditions, first)
		made.Webhooks[0].MatchConditions = second
		_, err = c.Update(ctx, made, metav1.UpdateOptions{})
		need(t, err)
		got, err := c.Get(ctx, "m", metav1.GetOptions{})
		need(t, err)
		is(t, got.Webhooks[0].MatchConditions, second)
	})
	promise(t, "[sig-api-machinery] AdmissionWebhook should be able to create and update validating webhook configurations with match conditions", func(t *testing.T) {
		c := a.kube.AdmissionregistrationV1().ValidatingWebhookConfigurations()
		made, err := c.Create(ctx, &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "v"}, Webhooks: []admissionv1.ValidatingWebhook{{
			Name: "v.example.com", ClientConfig: client, SideEffects: &none, AdmissionReviewVersions: []string{"v1"}, MatchConditions: first,
		}}}, metav1.CreateOptions{})
		need(t, err)
		is(t, made.Webhooks[0].MatchConditions, first)
		made.Webhooks[0].MatchConditions = second
		_, err = c.Update(ctx, made, metav1.UpdateOptions{})
		need(t, err)
		got, err := c.Get(ctx, "v", metav1.GetOptions{})
		need(t, err)
		is(t, got.Webhooks[0].MatchConditions, second)
	})
	invalid := []admissionv1.MatchCondition{{Name: "one", Expression: "object.metadata.name !="}, {Name: "two", Expression: "object.spec.x + params"}, {Name: "three", Expression: "1"}}
	refused := func(t *testing.T, err error) {
		t.Helper()
		for _, want := range []string{"webhooks[0].matchConditions[0].expression: Invalid value", "webhooks[0].matchConditions[1].expression", "webhooks[0].matchConditions[2].expression", "compilation failed"} {
			if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v; want it to be refused for %q", err, want)
			}
		}
	}
	promise(t, "[sig-api-machinery] AdmissionWebhook should reject mutating webhook configurations with invalid match conditions", func(t *testing.T) {
		_, err := a.kube.AdmissionregistrationV1().MutatingWebhookConfigurations().Create(ctx, &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Webhooks: []admissionv1.MutatingWebhook{{
			Name: "m.example.com", ClientConfig: client, SideEffects: &none, AdmissionReviewVersions: []string{"v1"}, MatchConditions: invalid,
		}}}, metav1.CreateOptions{})
		refused(t, err)
	})
	promise(t, "[sig-api-machinery] AdmissionWebhook should reject validating webhook configurations with invalid match conditions", func(t *testing.T) {
		_, err := a.kube.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(ctx, &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Webhooks: []admissionv1.ValidatingWebhook{{
			Name: "v.example.com", ClientConfig: client, SideEffects: &none, AdmissionReviewVersions: []string{"v1"}, MatchConditions: invalid,
		}}}, metav1.CreateOptions{})
		refused(t, err)
	})
}
