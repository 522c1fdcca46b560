package kubelet

import (
	"context"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/client"
	"skiff/internal/kubelet/cri"
)

// followPods keeps a worker for every pod that is assigned to this node. Once
// all are known, what the node still has of others is taken down.
func (k *kubelet) followPods(ctx context.Context) {
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: k.podListWatch(),
		ObjectType:    &corev1.Pod{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(o any) { k.seePod(o.(*corev1.Pod)) },
			UpdateFunc: func(old, o any) { k.changePod(old.(*corev1.Pod), o.(*corev1.Pod)) },
			DeleteFunc: func(o any) { k.losePod(o) },
		},
		Transform: client.Transform(k.client),
	})
	k.running.Go(func() {
		select {
		case <-informer.HasSyncedChecker().Done():
			k.adoptOrphans(ctx)
		case <-ctx.Done():
		}
	})
	informer.RunWithContext(ctx)
}

func (k *kubelet) podListWatch() cache.ListerWatcher {
	here := fields.OneTermEqualSelector("spec.nodeName", k.NodeName).String()
	pods := k.client.CoreV1().Pods(metav1.NamespaceAll)
	return cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = here
			return pods.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = here
			return pods.Watch(ctx, o)
		},
	}, k.client)
}

// seePod starts a pod's worker, or tells it of the pod's new state.
func (k *kubelet) seePod(pod *corev1.Pod) {
	if pod.Spec.NodeName != k.NodeName {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	w, ok := k.workers[pod.UID]
	if !ok {
		w = newWorker(k, pod)
		k.workers[pod.UID] = w
		k.running.Go(func() { w.run(k.ctx) })
	}
	w.post(func() { w.update(pod) })
}

// changePod also notices a pod that was replaced by another of its name.
func (k *kubelet) changePod(old, pod *corev1.Pod) {
	if old.UID != pod.UID {
		k.losePod(old)
	}
	k.seePod(pod)
}

// losePod tells a worker that its pod's object is gone.
func (k *kubelet) losePod(o any) {
	if t, ok := o.(cache.DeletedFinalStateUnknown); ok {
		o = t.Obj
	}
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return
	}
	if w := k.worker(pod.UID); w != nil {
		w.post(func() { w.gone = true })
	}
}

// forget ends what the kubelet has of a pod; its worker has ended.
func (k *kubelet) forget(uid types.UID) {
	k.mu.Lock()
	delete(k.workers, uid)
	k.mu.Unlock()
}

// adoptOrphans gives a worker, whose pod is gone, to every pod that the runtime
// or the disk has and the API has not.
func (k *kubelet) adoptOrphans(ctx context.Context) {
	for delay := time.Second; ; delay = min(2*delay, time.Minute) {
		sandboxes, err := k.runtime.ListPodSandbox(ctx, &runtimeapi.ListPodSandboxRequest{})
		if err == nil {
			k.adopt(orphans(sandboxes.Items))
			k.adopt(k.leftovers())
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(delay):
		}
	}
}

func orphans(sandboxes []*runtimeapi.PodSandbox) []*corev1.Pod {
	var out []*corev1.Pod
	for _, s := range sandboxes {
		if uid := s.Labels[cri.LabelPodUID]; uid != "" {
			out = append(out, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
				Name: s.Labels[cri.LabelPodName], Namespace: s.Labels[cri.LabelPodNamespace], UID: types.UID(uid)}})
		}
	}
	return out
}

// leftovers are pods of which only directories or control groups are left.
func (k *kubelet) leftovers() []*corev1.Pod {
	uids := k.cgroups.Pods()
	entries, _ := os.ReadDir(k.podsDir())
	for _, e := range entries {
		uids = append(uids, e.Name())
	}
	var out []*corev1.Pod
	for _, uid := range uids {
		out = append(out, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid)}})
	}
	return out
}

func (k *kubelet) adopt(pods []*corev1.Pod) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, pod := range pods {
		if _, ok := k.workers[pod.UID]; ok {
			continue
		}
		k.Log.Info("taking down a pod that no longer exists", "pod", pod.Name, "namespace", pod.Namespace, "uid", pod.UID)
		w := newWorker(k, pod)
		w.gone = true
		k.workers[pod.UID] = w
		k.running.Go(func() { w.run(k.ctx) })
	}
}
