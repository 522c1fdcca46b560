package kubelet

import (
	"context"
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

const (
	reportRetryMin = 200 * time.Millisecond
	reportRetryMax = 10 * time.Second
)

// reporter is how far the API knows a pod's status.
type reporter struct {
	sending bool
	sent    *corev1.PodStatus // what the last write said
	answer  *corev1.PodStatus // and what the API made of it
	current *corev1.PodStatus // what the API has now
	delay   time.Duration     // after a failed write
	retry   time.Time
}

// has says whether the API has a status: it looks so, or it is what the API
// made of it.
func (r *reporter) has(s corev1.PodStatus) bool {
	if r.current == nil || r.sending {
		return false
	}
	if equality.Semantic.DeepEqual(s, *r.current) {
		return true
	}
	return r.sent != nil && equality.Semantic.DeepEqual(s, *r.sent) && equality.Semantic.DeepEqual(*r.answer, *r.current)
}

// reportStatus writes the status to the API in the background, one write at a
// time. It returns when to try again after a failure.
func (w *worker) reportStatus(ctx context.Context, s corev1.PodStatus) time.Time {
	r := &w.report
	if w.gone || r.sending || r.has(s) {
		return time.Time{}
	}
	if time.Now().Before(r.retry) {
		return r.retry
	}
	r.sending = true
	pod := w.pod
	w.work.Go(func() {
		answer, err := w.k.patchStatus(ctx, pod, s)
		w.post(func() { w.reported(s, answer, err) })
	})
	return time.Time{}
}

// reported takes the outcome of a write.
func (w *worker) reported(s corev1.PodStatus, answer *corev1.Pod, err error) {
	r := &w.report
	r.sending = false
	switch {
	case err == nil:
		r.delay, r.sent, r.answer = 0, &s, &answer.Status
		w.update(answer)
	case apierrors.IsNotFound(err), apierrors.IsConflict(err):
		// The watch will tell; there may be nothing left to write to.
		r.backOff()
	default:
		r.backOff()
		w.log.Warn("pod status not written, trying again", "in", r.delay, "err", err)
	}
}

func (r *reporter) backOff() {
	r.delay = min(max(2*r.delay, reportRetryMin), reportRetryMax)
	r.retry = time.Now().Add(r.delay)
}

// patchStatus writes only what differs, so that conditions of others stay, and
// only to the pod that was meant, not to a later one of its name.
func (k *kubelet) patchStatus(ctx context.Context, pod *corev1.Pod, s corev1.PodStatus) (*corev1.Pod, error) {
	from, err := json.Marshal(corev1.Pod{Status: pod.Status})
	if err != nil {
		return nil, err
	}
	to, err := json.Marshal(corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: pod.UID}, Status: s})
	if err != nil {
		return nil, err
	}
	patch, err := strategicpatch.CreateTwoWayMergePatch(from, to, corev1.Pod{})
	if err != nil {
		return nil, err
	}
	return k.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
}
