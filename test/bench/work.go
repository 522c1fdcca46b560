package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// size is that of the binary.
func size(_ context.Context, c *cluster) ([]result, error) {
	info, err := os.Stat(c.skiff)
	if err != nil {
		return nil, err
	}
	return []result{{"size of the binary", "96 MB", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6)}}, nil
}

// start measures `skiff up` on an empty data directory, and again on one that
// has run.
func start(_ context.Context, c *cluster) ([]result, error) {
	first, err := c.up()
	if err != nil {
		return nil, err
	}
	var again []time.Duration
	for range 5 {
		if err := c.down(); err != nil {
			return nil, err
		}
		took, err := c.up()
		if err != nil {
			return nil, err
		}
		again = append(again, took)
	}
	return []result{
		{"start to node Ready, first time", "1 s", seconds(first)},
		{"start to node Ready, again (median of 5)", "1 s", seconds(median(again))},
	}, nil
}

// run measures from the creation of a pod to Running, as a watcher sees it.
func run(ctx context.Context, c *cluster) ([]result, error) {
	var took []time.Duration
	for i := range 6 {
		name := fmt.Sprintf("run-%d", i)
		d, err := c.runPod(ctx, name)
		if err != nil {
			return nil, err
		}
		if i > 0 { // the first one pulls the image
			took = append(took, d)
		}
		zero := int64(0)
		if err := c.client.CoreV1().Pods("default").Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: &zero}); err != nil {
			return nil, err
		}
	}
	return []result{{"pod created to Running, image present (median of 5)", "0.35 s", seconds(median(took))}}, nil
}

func (c *cluster) runPod(ctx context.Context, name string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	pods := c.client.CoreV1().Pods("default")
	if err := c.awaitServiceAccount(ctx); err != nil {
		return 0, err
	}
	w, err := pods.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		return 0, err
	}
	defer w.Stop()
	began := time.Now()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: podSpec()}
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return 0, err
	}
	err = until(ctx, w, func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning })
	return time.Since(began), err
}

func podSpec() corev1.PodSpec {
	return corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "busybox", Command: []string{"sleep", "100000"}, ImagePullPolicy: corev1.PullIfNotPresent}}}
}

// awaitServiceAccount waits for the first pod's namespace to be complete.
func (c *cluster) awaitServiceAccount(ctx context.Context) error {
	for {
		_, err := c.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		if !apierrors.IsNotFound(err) || ctx.Err() != nil {
			return err
		}
	}
}

// until reads events until one holds.
func until[T any](ctx context.Context, w watch.Interface, holds func(T) bool) error {
	for {
		select {
		case e, ok := <-w.ResultChan():
			if !ok {
				return errors.New("the watch ended")
			}
			if obj, ok := e.Object.(T); ok && holds(obj) {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sixty measures a Deployment of 60 pods from nothing to Ready.
func sixty(ctx context.Context, c *cluster) ([]result, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	deployments := c.client.AppsV1().Deployments("default")
	w, err := deployments.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=sixty"})
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	replicas, labels := int32(60), map[string]string{"app": "sixty"}
	began := time.Now()
	_, err = deployments.Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "sixty"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: podSpec()},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	err = until(ctx, w, func(d *appsv1.Deployment) bool { return d.Status.ReadyReplicas == replicas })
	return []result{{"60 pods of one Deployment, from nothing to Ready", "15 s", seconds(time.Since(began))}}, err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func median(d []time.Duration) time.Duration {
	sort.Slice(d, func(i, j int) bool { return d[i] < d[j] })
	return d[len(d)/2]
}
