package volume

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/apitest"
)

func TestClaims(t *testing.T) {
	const good = `accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}`
	const modes = `supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"`
	judge(t, ValidateClaimSpec,
		says(good),
		says(`accessModes: [ReadWriteOnce, ReadOnlyMany, ReadWriteMany], resources: {requests: {storage: 1}}, storageClassName: "", volumeMode: Block, volumeAttributesClassName: "", selector: {}`),
		says(``, `.accessModes: Required value: at least 1 access mode is required`, `.resources[storage]: Required value`),
		says(`accessModes: [Once, ReadWriteOncePod], resources: {requests: {storage: 0}}`, `.accessModes: Unsupported value: "Once": `+modes, `.resources[storage]: Invalid value: "0": must be greater than zero`),
		says(`accessModes: [ReadWriteOncePod, ReadWriteOnce], resources: {requests: {storage: -1}}`,
			`.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes`, `.resources[storage]: Invalid value: "-1": must be greater than zero`),
		says(good+`, selector: {matchLabels: {a: b c}}, storageClassName: A, volumeMode: Tape, volumeAttributesClassName: B`,
			`.selector.matchLabels: Invalid value: "b c": a valid label must be`,
			`.storageClassName: Invalid value: "A": `+subdomain,
			`.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"`,
			`.volumeAttributesClassName: Invalid value: "B": `+subdomain))
}

func TestDataSources(t *testing.T) {
	const good = `accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, `
	const mine = `must be 'PersistentVolumeClaim' when referencing the default apiGroup`
	judge(t, ValidateClaimSpec,
		says(good+`dataSource: {kind: PersistentVolumeClaim, name: c}`),
		says(good+`dataSource: {apiGroup: x.io, kind: K, name: c}, dataSourceRef: {apiGroup: x.io, kind: K, name: c}`),
		says(good+`dataSource: {}`, `.dataSource.name: Required value`, `.dataSource.kind: Required value`, `.dataSource: Invalid value: "": `+mine),
		says(good+`dataSource: {kind: K, name: c, apiGroup: ""}`, `.dataSource: Invalid value: "K": `+mine),
		says(good+`dataSource: {kind: K, name: c, apiGroup: A}`, `.dataSource.apiGroup: Invalid value: "A": `+subdomain),
		says(good+`dataSourceRef: {kind: K}`, `.dataSourceRef.name: Required value`, `.dataSourceRef: Invalid value: "K": `+mine),
		says(good+`dataSource: {apiGroup: x.io, kind: K, name: c}, dataSourceRef: {apiGroup: x.io, kind: K, name: d}`, `: Invalid value: {}: must match dataSourceRef`),
		says(good+`dataSource: {apiGroup: x.io, kind: K, name: c}, dataSourceRef: {apiGroup: z.io, kind: K, name: c}`, `: Invalid value: {}: must match dataSourceRef`),
		says(good+`dataSourceRef: {apiGroup: x.io, kind: K, name: c, namespace: NS}`, `.dataSourceRef.namespace: Invalid value: "NS": `+label),
		says(good+`dataSource: {apiGroup: x.io, kind: K, name: c}, dataSourceRef: {apiGroup: x.io, kind: K, name: c, namespace: ns}`,
			`: Invalid value: {}: may not be specified when dataSourceRef.namespace is specified`))
}

func TestEphemeral(t *testing.T) {
	const spec = `spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}`
	judge(t, Ephemeral,
		says(`volumeClaimTemplate: {metadata: {labels: {a: b}, annotations: {a: b}}, `+spec+`}`),
		says(``, `.volumeClaimTemplate: Required value`),
		says(`volumeClaimTemplate: {metadata: {labels: {a: b c}, annotations: {a b: c}, name: x, namespace: z, generateName: g, uid: u, finalizers: [f], ownerReferences: [{}]}, spec: {}}`,
			`.volumeClaimTemplate.metadata.annotations: Invalid value: "a b": name part must consist of`,
			`.volumeClaimTemplate.metadata.labels: Invalid value: "b c": a valid label must be`,
			`.volumeClaimTemplate.metadata.name: Forbidden: cannot be set`,
			`.volumeClaimTemplate.metadata.generateName: Forbidden: cannot be set`,
			`.volumeClaimTemplate.metadata.namespace: Forbidden: cannot be set`,
			`.volumeClaimTemplate.metadata.uID: Forbidden: cannot be set`,
			`.volumeClaimTemplate.metadata.ownerReferences: Forbidden: cannot be set`,
			`.volumeClaimTemplate.metadata.finalizers: Forbidden: cannot be set`,
			`.volumeClaimTemplate.spec.accessModes: Required value`,
			`.volumeClaimTemplate.spec.resources[storage]: Required value`))
}

func TestOne(t *testing.T) {
	p := field.NewPath("p")
	one := func(nfs *corev1.NFSVolumeSource, cephFS *corev1.CephFSVolumeSource) field.ErrorList {
		return One(p, []Source{
			Of("nfs", nfs, NFS), {Name: "unruly"},
			Of("cephFS", cephFS, func(s *corev1.CephFSVolumeSource, p *field.Path) field.ErrorList { return CephFS(s.Monitors, p) }).At("cephfs"),
		})
	}
	nfs, cephFS := &corev1.NFSVolumeSource{Server: "s", Path: "/"}, &corev1.CephFSVolumeSource{}
	apitest.Errors(t, one(nfs, nil))
	apitest.Errors(t, one(nil, nil), `p: Required value: must specify a volume type`)
	apitest.Errors(t, one(nil, cephFS), `p.cephfs.monitors: Required value`)
	apitest.Errors(t, one(nfs, cephFS), `p.cephFS: Forbidden: may not specify more than 1 volume type`)
	apitest.Errors(t, One(p, []Source{{Name: "unruly", Set: true}}))
}
