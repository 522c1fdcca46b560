package apps

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"skiff/internal/api/apitest"
)

const template = `template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: "i:1"}]}}`

const defaultedTemplate = `template: {metadata: {labels: {a: b}}, spec: {
  containers: [{name: c, image: "i:1", imagePullPolicy: IfNotPresent, resources: {}, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File}],
  dnsPolicy: ClusterFirst, restartPolicy: Always, schedulerName: default-scheduler, securityContext: {}, terminationGracePeriodSeconds: 30}}`

func TestReplicaSet(t *testing.T) {
	apitest.Same(t, apitest.Created(t, ReplicaSet, `{metadata: {name: r}, spec: {selector: {matchLabels: {a: b}}, `+template+`}, status: {replicas: 9}}`),
		`{metadata: {name: r}, spec: {replicas: 1, selector: {matchLabels: {a: b}}, `+defaultedTemplate+`}, status: {replicas: 0}}`)
	apitest.Row(t, ReplicaSet, `{metadata: {name: r}, spec: {replicas: 3, selector: {matchLabels: {a: b}}, `+template+`}, status: {replicas: 2, readyReplicas: 1}}`,
		"r | 3 | 2 | 1 | <unknown> | c | i:1 | a=b")
}

func TestDaemonSet(t *testing.T) {
	const spec = `spec: {selector: {matchLabels: {a: b}}, ` + template + `}`
	apitest.Same(t, apitest.Created(t, DaemonSet, `{metadata: {name: d}, `+spec+`}`),
		`{metadata: {name: d, annotations: {deprecated.daemonset.template.generation: "1"}}, spec: {revisionHistoryLimit: 10, selector: {matchLabels: {a: b}},
		  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}, `+defaultedTemplate+`},
		  status: {currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0}}`)
	apitest.Row(t, DaemonSet, `{metadata: {name: d}, `+spec+`, status: {desiredNumberScheduled: 3, numberReady: 2}}`,
		"d | 3 | 0 | 2 | 0 | 0 | <none> | <unknown> | c | i:1 | a=b")
}

func TestDaemonSetTemplateGeneration(t *testing.T) {
	create := func(annotation string) *appsv1.DaemonSet {
		return apitest.Created(t, DaemonSet, `{metadata: {name: d, annotations: {`+annotation+`}}, spec: {`+workloadSpec+`}}`).(*appsv1.DaemonSet)
	}
	for annotation, want := range map[string]int64{
		``: 1, `deprecated.daemonset.template.generation: "7"`: 7, `deprecated.daemonset.template.generation: "0"`: 1,
	} {
		if n := templateGeneration(create(annotation)); n != want {
			t.Errorf("{%s}: %d, want %d", annotation, n, want)
		}
	}
	old := create("")
	same, changed := old.DeepCopy(), old.DeepCopy()
	same.Annotations = nil
	changed.Spec.Template.Spec.Containers[0].Image = "i:2"
	DaemonSet.PrepareUpdate(same, old)
	DaemonSet.PrepareUpdate(changed, old)
	if a, b := templateGeneration(same), templateGeneration(changed); a != 1 || b != 2 {
		t.Errorf("generations %d and %d, want 1 and 2", a, b)
	}
}

func TestStatefulSet(t *testing.T) {
	const spec = `serviceName: s, selector: {matchLabels: {a: b}}, ` + template
	apitest.Same(t, apitest.Created(t, StatefulSet, `{metadata: {name: s}, spec: {volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}], `+spec+`}}`),
		`{metadata: {name: s}, spec: {podManagementPolicy: OrderedReady, replicas: 1, revisionHistoryLimit: 10, serviceName: s, selector: {matchLabels: {a: b}},
		  persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain},
		  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0, maxUnavailable: 1}},
		  volumeClaimTemplates: [{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {}, volumeMode: Filesystem}, status: {phase: Pending}}],
		  `+defaultedTemplate+`}, status: {availableReplicas: 0, replicas: 0}}`)
	apitest.Refused(t, StatefulSet, `{metadata: {name: s, namespace: ns}, spec: {selector: {matchLabels: {a: b}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}],
	  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i, volumeMounts: [{name: data, mountPath: /d}]}]}}}}`)
	apitest.Row(t, StatefulSet, `{metadata: {name: s}, spec: {replicas: 3, `+spec+`}, status: {readyReplicas: 1}}`, "s | 1/3 | <unknown> | c | i:1")
}

func TestControllerRevision(t *testing.T) {
	apitest.Row(t, ControllerRevision, `{metadata: {name: r, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: d, controller: true}]}, revision: 2}`,
		"r | daemonset.apps/d | 2 | <unknown>")
}
