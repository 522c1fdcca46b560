package apps

import (
	"testing"

	"skiff/internal/api/apitest"
)

// What kubectl create deployment test1 --image=nginx sends.
const created = `
metadata: {name: test1, namespace: default, labels: {app: test1}}
spec:
  replicas: 1
  selector: {matchLabels: {app: test1}}
  strategy: {}
  template:
    metadata: {labels: {app: test1}}
    spec:
      containers: [{image: nginx, name: nginx, resources: {}}]
status: {}
`

func TestDeploymentDefaults(t *testing.T) {
	apitest.Same(t, apitest.Created(t, Deployment, created), `
metadata: {name: test1, namespace: default, labels: {app: test1}}
spec:
  progressDeadlineSeconds: 600
  replicas: 1
  revisionHistoryLimit: 10
  selector: {matchLabels: {app: test1}}
  strategy:
    rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}
    type: RollingUpdate
  template:
    metadata: {labels: {app: test1}}
    spec:
      containers:
      - image: nginx
        imagePullPolicy: Always
        name: nginx
        resources: {}
        terminationMessagePath: /dev/termination-log
        terminationMessagePolicy: File
      dnsPolicy: ClusterFirst
      restartPolicy: Always
      schedulerName: default-scheduler
      securityContext: {}
      terminationGracePeriodSeconds: 30
status: {}
`)
}

func TestDeploymentUpdate(t *testing.T) {
	const other = `
metadata: {name: test1, namespace: default}
spec:
  selector: {matchLabels: {app: other}}
  template: {metadata: {labels: {app: other}}, spec: {containers: [{name: nginx, image: httpd}]}}
`
	apitest.Updated(t, Deployment, created, other,
		`spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable`)
}

func TestStatusStaysOnWritesOfTheWhole(t *testing.T) {
	o := apitest.Created(t, Deployment, created)
	was := apitest.Parse(t, Deployment, `{metadata: {name: test1}, status: {readyReplicas: 2}}`)
	Deployment.PrepareUpdate(o, was)
	apitest.Row(t, Deployment, `{metadata: {name: test1}, status: {readyReplicas: 2}}`, "test1 | 2/0 | 0 | 0 | <unknown> |  |  | <none>")
	if got := Deployment.Row(o)[1]; got != "2/1" {
		t.Errorf("status changed with the spec: ready %s", got)
	}
}

func TestDeploymentRow(t *testing.T) {
	apitest.Row(t, Deployment, `
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template: {spec: {containers: [{name: a, image: nginx}, {name: b, image: busybox}]}}
status: {readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1}
`, "web | 2/3 | 3 | 1 | <unknown> | a,b | nginx,busybox | app=web")
}
