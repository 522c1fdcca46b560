package pod

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func TestSecrets(t *testing.T) {
	const spec = `
imagePullSecrets: [{name: pull}]
volumes:
- {name: v, emptyDir: {}}
- {name: v, secret: {secretName: secret}}
- {name: v, azureFile: {secretName: azure, shareName: s}}
- {name: v, projected: {sources: [{configMap: {name: x}}, {secret: {name: projected1}}, {secret: {name: projected2}}]}}
- {name: v, csi: {driver: d}}
- {name: v, csi: {driver: d, nodePublishSecretRef: {name: csi}}}
- {name: v, cephfs: {monitors: [], secretRef: {name: ceph}}}
- {name: v, cinder: {volumeID: x, secretRef: {name: cinder}}}
- {name: v, flexVolume: {driver: x, secretRef: {name: flex}}}
- {name: v, rbd: {image: x, monitors: [], secretRef: {name: rbd}}}
- {name: v, scaleIO: {gateway: x, system: x, secretRef: {name: scale}}}
- {name: v, iscsi: {targetPortal: x, iqn: x, lun: 0, secretRef: {name: iscsi}}}
- {name: v, storageos: {secretRef: {name: storageos}}}
initContainers:
- {name: i, env: [{name: V, value: x}, {name: W, valueFrom: {configMapKeyRef: {name: x, key: k}}}, {name: X, valueFrom: {secretKeyRef: {name: init, key: k}}}]}
containers:
- {name: c, envFrom: [{configMapRef: {name: x}}, {secretRef: {name: main}}]}
ephemeralContainers:
- {name: e, envFrom: [{secretRef: {name: debug}}]}
`
	var s corev1.PodSpec
	if err := yaml.UnmarshalStrict([]byte(spec), &s); err != nil {
		t.Fatal(err)
	}
	want := []string{"pull", "secret", "azure", "projected1", "projected2", "csi", "ceph", "cinder", "flex", "rbd", "scale", "iscsi", "storageos", "init", "main", "debug"}
	if got := slices.Collect(Secrets(&s)); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for _, last := range []string{"pull", "cinder", "init"} { // whoever has seen enough goes
		for name := range Secrets(&s) {
			if name == last {
				break
			}
		}
	}
}
