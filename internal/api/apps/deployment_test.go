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

func TestDeploymentValidation(t *testing.T) {
	const template = `{metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i:1}]}}`
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"good": {spec: `{selector: {matchLabels: {a: b}}, template: ` + template + `}`},
		"no selector": {
			spec: `{template: ` + template + `}`,
			want: []string{"spec.selector: Required value"},
		},
		"empty selector": {
			spec: `{selector: {}, template: ` + template + `}`,
			want: []string{`spec.selector: Invalid value: {}: empty selector is invalid for deployment`},
		},
		"selector of others": {
			spec: `{selector: {matchLabels: {a: c}}, template: ` + template + `}`,
			want: []string{"spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`"},
		},
		"no containers": {
			spec: `{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}`,
			want: []string{"spec.template.spec.containers: Required value"},
		},
		"restart policy": {
			spec: `{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: c, image: i:1}]}}}`,
			want: []string{`spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"`},
		},
		"negative": {
			spec: `{replicas: -1, minReadySeconds: 600, selector: {matchLabels: {a: b}}, template: ` + template + `}`,
			want: []string{
				"spec.replicas: Invalid value: -1: must be greater than or equal to 0",
				"spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
			},
		},
		"stuck": {
			spec: `{strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}, selector: {matchLabels: {a: b}}, template: ` + template + `}`,
			want: []string{"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0"},
		},
		"too much": {
			spec: `{strategy: {rollingUpdate: {maxUnavailable: 110%}}, selector: {matchLabels: {a: b}}, template: ` + template + `}`,
			want: []string{`spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "110%": must not be greater than 100%`},
		},
		"recreate": {
			spec: `{strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}, selector: {matchLabels: {a: b}}, template: ` + template + `}`,
			want: []string{"spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, Deployment, "{metadata: {name: d, namespace: ns}, spec: "+tt.spec+"}", tt.want...)
		})
	}
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
