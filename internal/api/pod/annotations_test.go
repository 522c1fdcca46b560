package pod

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/apitest"
)

// annotated is a pod with annotations and more in its spec.
func annotated(annotations, more string, want ...string) judged {
	return judged{pods, `{metadata: {name: p, namespace: ns, annotations: {` + annotations + `}}, spec: {` + more + one + `}}`, want}
}

func TestAnnotations(t *testing.T) {
	const (
		at       = `metadata.annotations`
		cost     = `controller.kubernetes.io/pod-deletion-cost`
		tolerate = `scheduler.alpha.kubernetes.io/tolerations`
		seccomp  = `seccomp.security.alpha.kubernetes.io/pod`
		ofA      = `container.seccomp.security.alpha.kubernetes.io/a`
		armor    = `container.apparmor.security.beta.kubernetes.io/`
		integer  = `must be a 32bit integer`
	)
	judge(t,
		annotated(`kubernetes.io/config.mirror: x`, `nodeName: b, `),
		annotated(`kubernetes.io/config.mirror: x`, ``, at+`[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set`),
		annotated(cost+`: "0"`, ``), annotated(cost+`: "-2147483648"`, ``), annotated(cost+`: "-0"`, ``), annotated(cost+`: "12"`, ``),
		annotated(cost+`: ""`, ``, at+`[`+cost+`]: Invalid value: "": `+integer),
		annotated(cost+`: "+1"`, ``, at+`[`+cost+`]: Invalid value: "+1": `+integer),
		annotated(cost+`: "01"`, ``, at+`[`+cost+`]: Invalid value: "01": `+integer),
		annotated(cost+`: "2147483648"`, ``, at+`[`+cost+`]: Invalid value: "2147483648": `+integer),
		annotated(cost+`: "-"`, ``, at+`[`+cost+`]: Invalid value: "-": `+integer),
		annotated(cost+`: "x"`, ``, at+`[`+cost+`]: Invalid value: "x": `+integer),
		annotated(tolerate+`: ""`, ``),
		annotated(tolerate+`: '[{"key":"a","operator":"Exists"}]'`, ``),
		annotated(tolerate+`: '{'`, ``, at+`: Invalid value: "`+tolerate+`": unexpected end of JSON input`),
		annotated(tolerate+`: '[{"key":"a","effect":"X"}]'`, ``, at+`.`+tolerate+`[0].effect: Unsupported value: "X"`),
		annotated(seccomp+`: runtime/default, `+ofA+`: docker/default`, ``),
		annotated(seccomp+`: unconfined, `+ofA+`: localhost/a/b`, ``),
		annotated(seccomp+`: x, `+ofA+`: localhost/../b`, ``,
			at+`.`+seccomp+`: Invalid value: "x": must be a valid seccomp profile`,
			at+`.`+ofA+`: Invalid value: "../b": must not contain '..'`),
		annotated(armor+`a: runtime/default`, ``), annotated(armor+`a: unconfined`, ``), annotated(armor+`a: localhost/x`, ``), annotated(armor+`a: ""`, ``),
		annotated(armor+`a: x, `+armor+`z: unconfined`, ``,
			at+`[`+armor+`a]: Invalid value: "x": invalid AppArmor profile name: "x"`,
			at+`[`+armor+`z]: Invalid value: "z": container not found`),
		annotated(armor+`i: unconfined`, `initContainers: [{name: i, image: i}], `),
		annotated(armor+`z: unconfined, `+seccomp+`: x, `+cost+`: x, `+tolerate+`: "{", kubernetes.io/config.mirror: x`, ``,
			at+`[kubernetes.io/config.mirror]`, at+`: Invalid`, at+`[`+cost+`]`, at+`.`+seccomp, at+`[`+armor+`z]`),
	)
}

// What an annotation says must be what the field says, in new pods and in
// templates.
func TestProfileAnnotations(t *testing.T) {
	const (
		seccomp   = `seccomp.security.alpha.kubernetes.io/pod`
		ofA       = `container.seccomp.security.alpha.kubernetes.io/a`
		armor     = `container.apparmor.security.beta.kubernetes.io/a`
		sType     = `seccompProfile.type: Forbidden: seccomp type in annotation and field must match`
		sProfile  = `seccompProfile.localhostProfile: Forbidden: seccomp profile in annotation and field must match`
		aType     = `appArmorProfile.type: Forbidden: apparmor type in annotation and field must match`
		aProfile  = `appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match`
		ofPod     = `spec.securityContext.`
		container = `spec.containers[0].securityContext.`
	)
	for _, tt := range []struct {
		annotation, pod, own string // security contexts of the pod, and of its container
		want                 []string
	}{
		{seccomp + `: unconfined`, `seccompProfile: {type: Unconfined}`, ``, nil},
		{seccomp + `: runtime/default`, `seccompProfile: {type: RuntimeDefault}`, ``, nil},
		{seccomp + `: docker/default`, `seccompProfile: {type: RuntimeDefault}`, ``, nil},
		{seccomp + `: localhost/a`, `seccompProfile: {type: Localhost, localhostProfile: a}`, ``, nil},
		{seccomp + `: runtime/default`, ``, ``, nil},
		{seccomp + `: runtime/default`, ``, `seccompProfile: {type: Unconfined}`, nil}, // of the pod alone
		{seccomp + `: runtime/default`, `seccompProfile: {type: Unconfined}`, ``, []string{ofPod + sType}},
		{seccomp + `: unconfined`, `seccompProfile: {type: RuntimeDefault}`, ``, []string{ofPod + sType}},
		{seccomp + `: unconfined`, `seccompProfile: {type: Localhost, localhostProfile: a}`, ``, []string{ofPod + sType}},
		{seccomp + `: localhost/b`, `seccompProfile: {type: Localhost, localhostProfile: a}`, ``, []string{ofPod + sProfile}},
		{ofA + `: unconfined`, ``, `seccompProfile: {type: Unconfined}`, nil},
		{ofA + `: unconfined`, `seccompProfile: {type: RuntimeDefault}`, ``, nil}, // the container has none of its own
		{ofA + `: unconfined`, ``, `seccompProfile: {type: RuntimeDefault}`, []string{container + sType}},
		{ofA + `: localhost/b`, ``, `seccompProfile: {type: Localhost, localhostProfile: a}`, []string{container + sProfile}},
		{armor + `: unconfined`, ``, `appArmorProfile: {type: Unconfined}`, nil},
		{armor + `: runtime/default`, ``, `appArmorProfile: {type: RuntimeDefault}`, nil},
		{armor + `: localhost/a`, ``, `appArmorProfile: {type: Localhost, localhostProfile: a}`, nil},
		{armor + `: unconfined`, ``, `appArmorProfile: {type: RuntimeDefault}`, []string{container + aType}},
		{armor + `: runtime/default`, ``, `appArmorProfile: {type: Unconfined}`, []string{container + aType}},
		{armor + `: runtime/default`, ``, `appArmorProfile: {type: Localhost, localhostProfile: a}`, []string{container + aType}},
		{armor + `: localhost/b`, ``, `appArmorProfile: {type: Localhost, localhostProfile: a}`, []string{container + aProfile}},
		{armor + `: unconfined`, `appArmorProfile: {type: RuntimeDefault}`, ``, []string{container + aType}}, // that of the pod is the container's
		{armor + `: unconfined`, `appArmorProfile: {type: RuntimeDefault}`, `appArmorProfile: {type: Unconfined}`, nil},
	} {
		t.Run(tt.annotation+tt.pod+tt.own, func(t *testing.T) {
			text := `metadata: {annotations: {` + tt.annotation + `}}, spec: {securityContext: {` + tt.pod + `}, containers: [{name: a, image: i, securityContext: {` + tt.own + `}}]}`
			apitest.Refused(t, pods, "{"+text+"}", tt.want...)
			apitest.Refused(t, templates, "{template: {"+text+"}}", within("template.", tt.want)...)
		})
	}
	apitest.Refused(t, pods, `{metadata: {annotations: {`+armor+`: unconfined}}, spec: {os: {name: windows}, containers: [{name: a, image: i, securityContext: {appArmorProfile: {type: RuntimeDefault}}}]}}`,
		`spec.containers[0].securityContext.appArmorProfile: Forbidden: cannot be set for a windows pod`)
	old := apitest.Parse(t, pods, `{metadata: {resourceVersion: "1", annotations: {`+armor+`: unconfined}}, spec: {`+one+`}}`)
	pods.Default(old)
	old.(*corev1.Pod).Spec.SecurityContext.AppArmorProfile = &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeRuntimeDefault}
	apitest.Errors(t, pods.Validate(old)) // what is there may stay
}

func TestAnnotationsUpdate(t *testing.T) {
	const armor = `container.apparmor.security.beta.kubernetes.io/a`
	for _, tt := range []struct {
		old, text string
		want      []string
	}{
		{`a: b`, `c: d`, nil},
		{``, armor + `: unconfined`, []string{`a[` + armor + `]: Forbidden: may not add AppArmor annotations`}},
		{armor + `: unconfined`, ``, []string{`a[` + armor + `]: Forbidden: may not remove or update AppArmor annotations`}},
		{armor + `: unconfined`, armor + `: runtime/default`, []string{`a[` + armor + `]: Forbidden: may not remove or update AppArmor annotations`}},
		{armor + `: unconfined`, armor + `: unconfined`, nil},
		{``, `kubernetes.io/config.mirror: x`, []string{`a[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation`}},
		{`kubernetes.io/config.mirror: x`, ``, []string{`a[kubernetes.io/config.mirror]: Forbidden: may not remove or update mirror pod annotation`}},
		{`kubernetes.io/config.mirror: x`, `kubernetes.io/config.mirror: z`, []string{`a[kubernetes.io/config.mirror]: Forbidden: may not remove or update mirror pod annotation`}},
		{`controller.kubernetes.io/pod-deletion-cost: "1"`, `controller.kubernetes.io/pod-deletion-cost: x`, []string{`a[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "x"`}},
	} {
		t.Run(tt.old+" -> "+tt.text, func(t *testing.T) {
			pod := func(annotations string) *corev1.Pod {
				return apitest.Parse(t, pods, `{metadata: {annotations: {`+annotations+`}}, spec: {nodeName: b, `+one+`}}`).(*corev1.Pod)
			}
			apitest.Errors(t, ValidateAnnotationsUpdate(pod(tt.text), pod(tt.old), field.NewPath("a")), tt.want...)
		})
	}
}

func TestTemplates(t *testing.T) {
	judge(t,
		judged{templates, `{template: {metadata: {labels: {a: b}, annotations: {a/b: c}}, spec: {` + one + `}}}`, nil},
		judged{templates, `{template: {metadata: {labels: {a: b c}, annotations: {a b: c, controller.kubernetes.io/pod-deletion-cost: x}}, spec: {` + one + `, nodeName: NN, ephemeralContainers: [{}]}}}`, []string{
			`template.labels: Invalid value: "b c": a valid label must be`,
			`template.annotations: Invalid value: "a b": name part must consist of`,
			`template.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "x": must be a 32bit integer`,
			`template.spec.ephemeralContainers[0].name: Required value`,
			`template.spec.ephemeralContainers[0].image: Required value`,
			`template.spec.nodeName: Invalid value: "NN"`,
			`template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template`,
		}},
		// Who makes pods of it knows the account, the image and the claims.
		template(one+`, volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t}}]}}, {name: w, image: {}},
			{name: `+long63+`, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}}}}}]`),
		spec(one+`, volumes: [{name: v, projected: {sources: [{secret: {name: s}}, {serviceAccountToken: {path: t}}]}}]`,
			`spec.volumes[0].projected.sources[1].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set`),
	)
}
