package kubelet_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func pemOf(t *testing.T, c tls.Certificate, kind string) []byte {
	t.Helper()
	der := c.Certificate[0]
	if kind == "PRIVATE KEY" {
		var err error
		if der, err = x509.MarshalPKCS8PrivateKey(c.PrivateKey.(*ecdsa.PrivateKey)); err != nil {
			t.Fatal(err)
		}
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// TestPods shares one node between all that can be shown on one.
func TestPods(t *testing.T) {
	shared := start(t)
	for _, one := range []struct {
		name string
		play func(*cluster)
	}{
		{"a pod from start to end", lifeOfAPod},
		{"volumes and environment", volumesAndEnvironment},
		{"init containers and completion", initAndCompletion},
		{"a crash is backed off", crash},
		{"an image that is nowhere", noImage},
		{"many pods at once", manyPods},
		{"a restart of the kubelet", restartOfTheKubelet},
		{"a pod that Services send to", listed},
		{"a pod deleted while the kubelet was away", deletedMeanwhile},
	} {
		t.Run(one.name, func(t *testing.T) {
			outer := shared.t
			shared.t = t
			defer func() { shared.t = outer }()
			one.play(shared)
		})
	}
}

func lifeOfAPod(c *cluster) {
	begun := time.Now()
	c.pod("web", nil)
	pod := c.ready("web")
	c.t.Logf("ready after %v", time.Since(begun))
	if pod.Status.Phase != corev1.PodRunning || !strings.HasPrefix(pod.Status.PodIP, "10.244.9.") || pod.Status.HostIP != "127.0.0.1" {
		c.t.Errorf("phase %s, pod %s, host %s", pod.Status.Phase, pod.Status.PodIP, pod.Status.HostIP)
	}
	if s := pod.Status.ContainerStatuses[0]; s.RestartCount != 0 || s.State.Running == nil || !strings.HasPrefix(s.ContainerID, "containerd://") || s.ImageID == "" {
		c.t.Errorf("container: %+v", s)
	}
	c.until("the log is there", func(context.Context) bool { return c.ask("/containerLogs/default/web/main") == "started" })
	if out, code := c.exec("web", "hello", "cat"); out != "hello" || code != 0 {
		c.t.Errorf("exec cat: %q, %d", out, code)
	}
	if _, code := c.exec("web", "", "sh", "-c", "exit 7"); code != 7 {
		c.t.Errorf("exit code %d, want 7", code)
	}
	if out, _ := c.exec("web", "", "cat", "/etc/hosts"); !strings.Contains(out, pod.Status.PodIP+"\tweb") {
		c.t.Errorf("hosts file:\n%s", out)
	}
	if out, _ := c.exec("web", "", "cat", "/etc/resolv.conf"); !strings.Contains(out, "nameserver 10.96.0.10") || !strings.Contains(out, "search default.svc.cluster.local") {
		c.t.Errorf("resolv.conf:\n%s", out)
	}
	if m := c.ask("/metrics/resource"); !strings.Contains(m, `container_memory_working_set_bytes{container="main",namespace="default",pod="web"}`) {
		c.t.Errorf("metrics:\n%s", m)
	}
	begun = time.Now()
	c.delete("web")
	c.t.Logf("gone after %v", time.Since(begun))
	c.nothingLeft(string(pod.UID))
	c.events("web", "Pulled", "Created", "Started", "Killing")
}

// nothingLeft checks that a pod's directories and control groups are gone.
func (c *cluster) nothingLeft(uid string) {
	c.t.Helper()
	var left []string
	defer func() {
		if c.t.Failed() {
			c.t.Logf("left: %v", left)
		}
	}()
	c.until("nothing is left of the pod", func(context.Context) bool {
		dirs, _ := filepath.Glob(filepath.Join(c.cfg.DataDir, "pods", uid))
		logs, _ := filepath.Glob(filepath.Join(c.cfg.DataDir, "logs", "pods", "*"+uid))
		groups, _ := filepath.Glob("/sys/fs/cgroup/*" + c.cfg.Names.Cgroup() + "/*/pod" + uid)
		left = slices.Concat(dirs, logs, groups)
		return len(left) == 0
	})
}

func (c *cluster) events(pod string, reasons ...string) {
	c.t.Helper()
	c.until("the events of "+pod+" are there", func(ctx context.Context) bool {
		list, err := c.client.CoreV1().Events("default").List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + pod})
		if err != nil {
			return false
		}
		seen := map[string]bool{}
		for _, e := range list.Items {
			seen[e.Reason] = true
		}
		for _, r := range reasons {
			if !seen[r] {
				return false
			}
		}
		return true
	})
}

func volumesAndEnvironment(c *cluster) {
	ctx := c.t.Context()
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "cm"}, Data: map[string]string{"k": "v1"}}
	c.pod("files", func(p *corev1.Pod) {
		p.Labels = map[string]string{"app": "files"}
		p.Spec.Volumes = []corev1.Volume{
			{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}},
			{Name: "cm", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "cm"}}}},
			{Name: "info", VolumeSource: corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: []corev1.DownwardAPIVolumeFile{
				{Path: "labels", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.labels"}}}}}},
		}
		p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{
			{Name: "scratch", MountPath: "/scratch"}, {Name: "cm", MountPath: "/cm"}, {Name: "info", MountPath: "/info"},
			{Name: "scratch", MountPath: "/part", SubPath: "a/b"},
		}
		p.Spec.Containers[0].Env = []corev1.EnvVar{
			{Name: "IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}},
			{Name: "K", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "cm"}, Key: "k"}}},
		}
	})
	c.events("files", "FailedMount") // the ConfigMap is not there yet
	if _, err := c.client.CoreV1().ConfigMaps("default").Create(ctx, cm, metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
	pod := c.ready("files")
	if out, _ := c.exec("files", "", "sh", "-c", "cat /cm/k; echo $K $IP; cat /info/labels; echo x >/part/f; cat /scratch/a/b/f"); out != "v1v1 "+pod.Status.PodIP+"\napp=\"files\"x\n" {
		c.t.Errorf("got %q", out)
	}
	cm.Data["k"] = "v2"
	if _, err := c.client.CoreV1().ConfigMaps("default").Update(ctx, cm, metav1.UpdateOptions{}); err != nil {
		c.t.Fatal(err)
	}
	c.until("the new content is in the volume", func(context.Context) bool {
		out, _ := c.exec("files", "", "cat", "/cm/k")
		return out == "v2"
	})
	c.delete("files")
	c.nothingLeft(string(pod.UID))
}

func initAndCompletion(c *cluster) {
	always := corev1.ContainerRestartPolicyAlways
	c.pod("job", func(p *corev1.Pod) {
		p.Spec.RestartPolicy = corev1.RestartPolicyNever
		p.Spec.Volumes = []corev1.Volume{{Name: "d", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
		mount := []corev1.VolumeMount{{Name: "d", MountPath: "/d"}}
		main := p.Spec.Containers[0]
		first, side := main, main
		first.Name, first.Command, first.VolumeMounts = "first", []string{"sh", "-c", "echo prepared >/d/f"}, mount
		side.Name, side.RestartPolicy = "side", &always
		p.Spec.InitContainers = []corev1.Container{first, side}
		p.Spec.Containers[0].Command = []string{"sh", "-c", "cat /d/f; echo -n done >/dev/termination-log"}
		p.Spec.Containers[0].VolumeMounts = mount
	})
	pod := c.phase("job", corev1.PodSucceeded)
	if s := pod.Status.ContainerStatuses[0].State.Terminated; s == nil || s.ExitCode != 0 || s.Reason != "Completed" || s.Message != "done" {
		c.t.Errorf("main: %+v", s)
	}
	for _, s := range pod.Status.InitContainerStatuses {
		if s.State.Terminated == nil {
			c.t.Errorf("init container %s: %+v", s.Name, s.State)
		}
	}
	if got := c.ask("/containerLogs/default/job/main"); got != "prepared" {
		c.t.Errorf("log: %q", got)
	}
	c.delete("job")
	c.nothingLeft(string(pod.UID))
}

func crash(c *cluster) {
	c.pod("crash", func(p *corev1.Pod) {
		p.Spec.Containers[0].Command = []string{"sh", "-c", "echo run; exit 3"}
	})
	var pod *corev1.Pod
	c.until("crash is backed off", func(context.Context) bool {
		pod = c.get("crash")
		return len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].State.Waiting != nil &&
			pod.Status.ContainerStatuses[0].State.Waiting.Reason == "CrashLoopBackOff"
	})
	s := pod.Status.ContainerStatuses[0]
	if s.RestartCount != 1 || s.LastTerminationState.Terminated == nil || s.LastTerminationState.Terminated.ExitCode != 3 {
		c.t.Errorf("status: %+v", s)
	}
	if !strings.HasPrefix(s.State.Waiting.Message, "back-off 10s restarting failed container=main pod=crash_default(") {
		c.t.Errorf("message: %s", s.State.Waiting.Message)
	}
	if got := c.ask("/containerLogs/default/crash/main?previous=true"); got != "run" {
		c.t.Errorf("previous log: %q", got)
	}
	c.events("crash", "BackOff")
	c.delete("crash")
}

func noImage(c *cluster) {
	c.pod("lost", func(p *corev1.Pod) {
		p.Spec.Containers[0].Image, p.Spec.Containers[0].ImagePullPolicy = "nowhere.invalid/x", corev1.PullNever
	})
	var reason string
	c.until("lost waits for its image", func(context.Context) bool {
		if s := c.get("lost").Status.ContainerStatuses; len(s) > 0 && s[0].State.Waiting != nil {
			reason = s[0].State.Waiting.Reason
		}
		return reason == "ErrImageNeverPull"
	})
	c.events("lost", "ErrImageNeverPull", "Failed")
	c.delete("lost")
}

// manyPods come and go together; none is left half deleted.
func manyPods(c *cluster) {
	const many = 12
	begun := time.Now()
	for i := range many {
		c.pod(fmt.Sprintf("many-%d", i), nil)
	}
	for i := range many {
		c.ready(fmt.Sprintf("many-%d", i))
	}
	c.t.Logf("%d pods ready after %v", many, time.Since(begun))
	if err := c.client.CoreV1().Pods("default").DeleteCollection(c.t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		c.t.Fatal(err)
	}
	c.until("all of them are gone", func(ctx context.Context) bool {
		list, err := c.client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{})
		return err == nil && len(list.Items) == 0
	})
}

func restartOfTheKubelet(c *cluster) {
	c.pod("survivor", func(p *corev1.Pod) {
		p.Spec.Containers[0].ReadinessProbe = &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}}
	})
	before := c.ready("survivor")
	c.end()
	c.start()
	c.until("the kubelet answers", func(context.Context) bool { return probeHealth(c) })
	if out, _ := c.exec("survivor", "still here", "cat"); out != "still here" {
		c.t.Errorf("exec after the restart: %q", out)
	}
	after := c.ready("survivor")
	a, b := before.Status.ContainerStatuses[0], after.Status.ContainerStatuses[0]
	if a.ContainerID != b.ContainerID || b.RestartCount != 0 || before.Status.PodIP != after.Status.PodIP {
		c.t.Errorf("before %+v\nafter %+v", a, b)
	}
	c.delete("survivor")
}

func probeHealth(c *cluster) bool {
	conn, err := tls.Dial("tcp", c.address(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return false
	}
	conn.Close()
	return c.ask("/healthz") == "ok"
}

// listed: a pod is ready when it listens where Services send to, and its
// containers run on, when it is deleted, until they send elsewhere.
func listed(c *cluster) {
	svc := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "listed"}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": "listed"}, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}}}
	if _, err := c.client.CoreV1().Services("default").Create(c.t.Context(), svc, metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
	asked, withdraw := make(chan []netip.Addr, 1), make(chan struct{})
	c.end()
	c.cfg.Withdrawn = func(_ context.Context, pod []netip.Addr) bool { asked <- pod; <-withdraw; return true }
	defer func() { c.cfg.Withdrawn = nil }()
	c.start()
	grace := int64(60)
	c.pod("listed", func(p *corev1.Pod) {
		p.Labels, p.Spec.TerminationGracePeriodSeconds = svc.Spec.Selector, &grace
		p.Spec.Containers[0].Command = []string{"sh", "-c", "trap 'exit 0' TERM; sleep 1; touch /tmp/listens; httpd -f -p 8080 & wait"}
	})
	pod := c.ready("listed")
	if _, code := c.exec("listed", "", "ls", "/tmp/listens"); code != 0 {
		c.t.Error("ready before it listened")
	}
	if err := c.client.CoreV1().Pods("default").Delete(c.t.Context(), "listed", metav1.DeleteOptions{}); err != nil {
		c.t.Fatal(err)
	}
	if got := <-asked; len(got) != 1 || got[0].String() != pod.Status.PodIP {
		c.t.Errorf("asked for %v, want %s", got, pod.Status.PodIP)
	}
	if out, _ := c.exec("listed", "served to the end", "cat"); out != "served to the end" {
		c.t.Errorf("while Services still send to the pod: %q", out)
	}
	close(withdraw)
	c.nothingLeft(string(pod.UID))
}

func deletedMeanwhile(c *cluster) {
	pod := c.pod("orphan", nil)
	c.ready("orphan")
	c.end()
	now := int64(0)
	if err := c.client.CoreV1().Pods("default").Delete(c.t.Context(), "orphan", metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		c.t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(c.cfg.DataDir, "pods", string(pod.UID))); err != nil {
		c.t.Fatal("the pod left no directory: the test is blind")
	}
	c.start()
	c.nothingLeft(string(pod.UID))
}
