package admission

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/utils/ptr"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/pod"
)

// ServiceAccount gives each pod an account, and mounts a token of it.
type ServiceAccount struct{ Reader api.Reader }

const (
	defaultAccount  = "default"
	tokenMountPath  = "/var/run/secrets/kubernetes.io/serviceaccount"
	tokenVolumeName = "kube-api-access-"
	// tokenLifetime is what pods ask for: an hour, and a few seconds that make
	// these tokens recognizable.
	tokenLifetime = 3607
)

// Name implements Plugin.
func (ServiceAccount) Name() string { return "ServiceAccount" }

// Admit implements Admitter.
func (p ServiceAccount) Admit(ctx context.Context, r *Request) error {
	pod := r.newPod(core.Pod)
	if pod == nil || isMirror(pod) {
		return nil
	}
	if pod.Spec.ServiceAccountName == "" {
		pod.Spec.ServiceAccountName = defaultAccount
	}
	pod.Spec.DeprecatedServiceAccount = pod.Spec.ServiceAccountName
	account, err := p.account(ctx, r, pod)
	if err != nil {
		return err
	}
	if automounts(pod, account) {
		mountToken(pod)
	}
	if len(pod.Spec.ImagePullSecrets) == 0 {
		pod.Spec.ImagePullSecrets = slices.Clone(account.ImagePullSecrets)
	}
	return nil
}

// Validate implements Validator.
func (p ServiceAccount) Validate(ctx context.Context, r *Request) error {
	if pod, ok := r.Object.(*corev1.Pod); ok && r.Operation == Update && r.is(core.Pod, "ephemeralcontainers") {
		return p.mayUse(ctx, r, pod, debuggersSecret)
	}
	pod := r.newPod(core.Pod)
	if pod == nil {
		return nil
	}
	if isMirror(pod) {
		return mirrorUses(r, pod)
	}
	return p.mayUse(ctx, r, pod, foreignSecret)
}

// mirrorUses refuses what a mirror pod may not use: it lives without the API
// server.
func mirrorUses(r *Request, p *corev1.Pod) error {
	if p.Spec.ServiceAccountName != "" {
		return r.forbid("a mirror pod may not reference service accounts")
	}
	for range pod.Secrets(&p.Spec) {
		return r.forbid("a mirror pod may not reference secrets")
	}
	if slices.ContainsFunc(p.Spec.Volumes, hasToken) {
		return r.forbid("a mirror pod may not use ServiceAccountToken volume projections")
	}
	return nil
}

// mayUse refuses a pod whose account does not exist, and one that uses a secret
// which is not its account's, where the account insists on it.
func (p ServiceAccount) mayUse(ctx context.Context, r *Request, pod *corev1.Pod, foreign func(*corev1.Pod, *corev1.ServiceAccount) string) error {
	account, err := p.account(ctx, r, pod)
	if err != nil {
		return err
	}
	if insists, err := strconv.ParseBool(account.Annotations[core.EnforceMountableSecrets]); err != nil || !insists {
		return nil
	}
	if reason := foreign(pod, account); reason != "" {
		return r.forbid(reason)
	}
	return nil
}

func (p ServiceAccount) account(ctx context.Context, r *Request, pod *corev1.Pod) (*corev1.ServiceAccount, error) {
	name := pod.Spec.ServiceAccountName
	obj, err := p.Reader.Get(ctx, core.ServiceAccount, r.Namespace, name)
	if err != nil {
		return nil, r.forbid(fmt.Sprintf("error looking up service account %s/%s: %v", r.Namespace, name, singular(err, name)))
	}
	account, ok := obj.(*corev1.ServiceAccount)
	if !ok {
		return nil, fmt.Errorf("service account %s/%s is a %T", r.Namespace, name, obj)
	}
	return account, nil
}

// singular puts upstream's words, which come from a lister, into a NotFound.
func singular(err error, name string) string {
	return strings.Replace(err.Error(), fmt.Sprintf("serviceaccounts %q", name), fmt.Sprintf("serviceaccount %q", name), 1)
}

func isMirror(pod *corev1.Pod) bool {
	_, ok := pod.Annotations[corev1.MirrorPodAnnotationKey]
	return ok
}

func hasToken(v corev1.Volume) bool {
	return v.Projected != nil && slices.ContainsFunc(v.Projected.Sources, func(s corev1.VolumeProjection) bool {
		return s.ServiceAccountToken != nil
	})
}

// automounts asks the pod first, then the account; the default is yes.
func automounts(pod *corev1.Pod, account *corev1.ServiceAccount) bool {
	if pod.Spec.AutomountServiceAccountToken != nil {
		return *pod.Spec.AutomountServiceAccountToken
	}
	return ptr.Deref(account.AutomountServiceAccountToken, true)
}

// mountToken mounts the token into every container that has nothing else in
// its place, and adds the volume if any has.
func mountToken(pod *corev1.Pod) {
	volume := ""
	for _, v := range pod.Spec.Volumes {
		if strings.HasPrefix(v.Name, tokenVolumeName) {
			volume = v.Name
		}
	}
	there := volume != ""
	if !there {
		volume = tokenVolumeName + rand.String(5)
	}
	mounted := false
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			c := &list[i]
			if slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == tokenMountPath }) {
				continue
			}
			c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: volume, ReadOnly: true, MountPath: tokenMountPath})
			mounted = true
		}
	}
	if mounted && !there {
		pod.Spec.Volumes = append(pod.Spec.Volumes, tokenVolume(volume))
	}
}

func tokenVolume(name string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		DefaultMode: ptr.To(corev1.ProjectedVolumeSourceDefaultMode),
		Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: ptr.To[int64](tokenLifetime)}},
			{ConfigMap: &corev1.ConfigMapProjection{
				LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
				Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
			}},
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
				{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}},
			}}},
		},
	}}}
}
