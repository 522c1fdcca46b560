package admission

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/pod"
)

// foreignSecret says which secret a new pod uses that its account does not
// name; "": none. Volumes of kinds other than secret are nobody's matter.
func foreignSecret(p *corev1.Pod, account *corev1.ServiceAccount) string {
	for _, v := range p.Spec.Volumes {
		if v.Secret != nil && !mountable(account, v.Secret.SecretName) {
			return fmt.Sprintf("volume with secret.secretName=%q%s", v.Secret.SecretName, notNamed(account, "secret"))
		}
	}
	if reason := foreignVariable(p, account, pod.InitContainers, pod.Containers); reason != "" {
		return reason
	}
	for i, ref := range p.Spec.ImagePullSecrets {
		if !slices.Contains(account.ImagePullSecrets, ref) {
			return fmt.Sprintf("imagePullSecrets[%d].name=%q%s", i, ref.Name, notNamed(account, "imagePullSecret"))
		}
	}
	return ""
}

// debuggersSecret is foreignSecret for ephemeral containers, which come later.
func debuggersSecret(p *corev1.Pod, account *corev1.ServiceAccount) string {
	return foreignVariable(p, account, pod.EphemeralContainers)
}

func foreignVariable(p *corev1.Pod, account *corev1.ServiceAccount, types ...pod.ContainerType) (reason string) {
	pod.EachContainer(&p.Spec, func(c *corev1.Container, t pod.ContainerType) {
		if reason != "" || !slices.Contains(types, t) {
			return
		}
		for secret, variable := range pod.ContainerSecrets(c) {
			if mountable(account, secret) {
				continue
			}
			where := "envFrom"
			if variable != "" {
				where = "envVar " + variable
			}
			reason = fmt.Sprintf("%s %s with %s referencing secret.secretName=%q%s", called(t), c.Name, where, secret, notNamed(account, "secret"))
			return
		}
	})
	return reason
}

func called(t pod.ContainerType) string {
	switch t {
	case pod.InitContainers:
		return "init container"
	case pod.EphemeralContainers:
		return "ephemeral container"
	}
	return "container"
}

func mountable(account *corev1.ServiceAccount, secret string) bool {
	return slices.ContainsFunc(account.Secrets, func(ref corev1.ObjectReference) bool { return ref.Name == secret })
}

func notNamed(account *corev1.ServiceAccount, what string) string {
	return fmt.Sprintf(" is not allowed because service account %s does not reference that %s", account.Name, what)
}
