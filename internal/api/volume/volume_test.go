package volume

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"skiff/internal/api/apitest"
)

const (
	label     = "a lowercase RFC 1123 label must consist of"
	subdomain = "a lowercase RFC 1123 subdomain must consist of"
	to255     = "must be between 0 and 255, inclusive"
)

// says is a text, and what is said of what it describes, below p.
func says(text string, want ...string) []string { return append([]string{text}, want...) }

// judge holds what rules say of each T against what they should.
func judge[T any](t *testing.T, rules func(*T, *field.Path) field.ErrorList, all ...[]string) {
	t.Helper()
	for _, c := range all {
		t.Run(c[0], func(t *testing.T) {
			t.Helper()
			o := new(T)
			if err := yaml.UnmarshalStrict([]byte("{"+c[0]+"}"), o); err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, w := range c[1:] {
				want = append(want, "p"+w)
			}
			apitest.Errors(t, rules(o, field.NewPath("p")), want...)
		})
	}
}

func TestBlockDevices(t *testing.T) {
	const required = `.secretRef: Required value`
	judge(t, ISCSI,
		says(`targetPortal: a, iqn: "iqn.2024-01.io.x:y", lun: 255, initiatorName: eui.0123456789abcdef, chapAuthSession: true, secretRef: {}`),
		says(`targetPortal: a, iqn: naa.0123456789abcdef0123456789abcdef, lun: 0`),
		says(`lun: -1`, `.targetPortal: Required value`, `.iqn: Required value`, `.lun: Invalid value: -1: `+to255),
		says(`targetPortal: a, iqn: x, lun: 256`, `.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa`, `.lun: Invalid value: 256: `+to255),
		says(`targetPortal: a, iqn: iqn.x, lun: 0`, `.iqn: Invalid value: "iqn.x": must be valid format`),
		says(`targetPortal: a, iqn: eui.x, lun: 0`, `.iqn: Invalid value: "eui.x": must be valid format`),
		says(`targetPortal: a, iqn: naa.x, lun: 0`, `.iqn: Invalid value: "naa.x": must be valid format`),
		says(`targetPortal: a, iqn: "iqn.2024-01.a:b", lun: 0, chapAuthDiscovery: true`, required),
		says(`targetPortal: a, iqn: "iqn.2024-01.a:b", lun: 0, chapAuthSession: true`, required),
		says(`targetPortal: a, iqn: "iqn.2024-01.a:b", lun: 0, initiatorName: x`, `.initiatorname: Invalid value: "x": must be valid format starting with iqn, eui, or naa`),
		says(`targetPortal: a, iqn: "iqn.2024-01.a:b", lun: 0, initiatorName: iqn.x`, `.initiatorname: Invalid value: "iqn.x": must be valid format`))
	const long = `Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.`
	portal := strings.Repeat("a", 62)
	judge(t, func(s *corev1.ISCSIPersistentVolumeSource, p *field.Path) field.ErrorList {
		return ISCSIPersistent(s, "v", p)
	},
		says(`targetPortal: `+portal+`, iqn: "iqn.2024-01.a:b", lun: 0, initiatorName: "iqn.2024-01.a:b"`),
		says(`targetPortal: a`+portal+`, iqn: "iqn.2024-01.a:b", lun: 0`),
		says(`targetPortal: a`+portal+`, iqn: x, lun: -1, chapAuthSession: true, initiatorName: z`,
			`.targetportal: Invalid value: "a`+portal+`": `+long,
			`.iqn: Invalid value: "x": must be valid format`,
			`.lun: Invalid value: -1: `+to255,
			required,
			`.initiatorname: Invalid value: "z": must be valid format`),
		says(`targetPortal: a, iqn: "iqn.2024-01.a:b", lun: 0, secretRef: {}`, `.secretRef.name: Required value`))
	judge(t, FC,
		says(`targetWWNs: [a], lun: 0`), says(`wwids: [a]`), says(`wwids: [a], lun: 256`),
		says(``, `.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both`),
		says(`targetWWNs: [a], wwids: [b], lun: 256`, `.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified simultaneously`, `.lun: Invalid value: 256: `+to255),
		says(`targetWWNs: [a]`, `.lun: Required value: lun is required if targetWWNs is specified`))
	judge(t, GCEDisk, says(`pdName: a, partition: 255`), says(`partition: -1`, `.pdName: Required value`, `.partition: Invalid value: -1: must be between 1 and 255, inclusive`))
	judge(t, AWSDisk, says(`volumeID: a`), says(`partition: 256`, `.volumeID: Required value`, `.partition: Invalid value: 256: must be between 1 and 255, inclusive`))
}

func TestClouds(t *testing.T) {
	const vhd = `"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"`
	const managed = `"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"`
	judge(t, AzureDisk,
		says(`diskName: d, diskURI: https://x, kind: Dedicated, cachingMode: None`), says(`diskName: d, diskURI: /subscriptions/x, kind: Managed`), says(`diskName: d, diskURI: x`),
		says(`cachingMode: X, kind: Z`,
			`.diskName: Required value`, `.diskURI: Required value`,
			`.cachingMode: Unsupported value: "X": supported values: "None", "ReadOnly", "ReadWrite"`,
			`.kind: Unsupported value: "Z": supported values: "Dedicated", "Managed", "Shared"`,
			`.diskURI: Unsupported value: "": supported values: `+vhd),
		says(`diskName: d, diskURI: https://x, kind: Managed`, `.diskURI: Unsupported value: "https://x": supported values: `+managed),
		says(`diskName: d, diskURI: /subscriptions/x, kind: Shared`, `.diskURI: Unsupported value: "/subscriptions/x": supported values: `+vhd))
	judge(t, AzureFile, says(`secretName: s, shareName: s`), says(``, `.secretName: Required value`, `.shareName: Required value`))
	judge(t, AzureFilePersistent,
		says(`secretName: s, shareName: s, secretNamespace: ns`), says(`secretName: s, shareName: s`),
		says(`secretNamespace: ""`, `.secretName: Required value`, `.shareName: Required value`, `.secretNamespace: Required value`))
	judge(t, Vsphere, says(`volumePath: p`), says(``, `.volumePath: Required value`))
	judge(t, Photon, says(`pdID: p`), says(``, `.pdID: Required value`))
	judge(t, Portworx, says(`volumeID: p`), says(``, `.volumeID: Required value`))
	judge(t, Cinder, says(`volumeID: v, secretRef: {name: s}`), says(`secretRef: {}`, `.volumeID: Required value`, `.secretRef.name: Required value`))
	judge(t, CinderPersistent, says(`volumeID: v, secretRef: {name: s, namespace: ns}`),
		says(`secretRef: {}`, `.volumeID: Required value`, `.secretRef.name: Required value`, `.secretRef.namespace: Required value`))
}

func TestCSI(t *testing.T) {
	long := strings.Repeat("a", 64)
	judge(t, CSI,
		says(`driver: A.b, nodePublishSecretRef: {name: s}`),
		says(``, `.driver: Required value`),
		says(`driver: a_b, nodePublishSecretRef: {}`, `.driver: Invalid value: "a_b": `+subdomain, `.nodePublishSecretRef.name: Required value`),
		says(`driver: `+long+`, nodePublishSecretRef: {name: S}`, `.driver: Too long: may not be more than 63 bytes`, `.name: Invalid value: "S": `+subdomain))
	refs := func(in string) string {
		return `controllerPublishSecretRef: ` + in + `, controllerExpandSecretRef: ` + in + `, nodePublishSecretRef: ` + in + `, nodeExpandSecretRef: ` + in
	}
	judge(t, CSIPersistent,
		says(`driver: a, volumeHandle: h, `+refs(`{name: s, namespace: ns}`)),
		says(refs(`{}`), `.driver: Required value`, `.volumeHandle: Required value`,
			`.controllerPublishSecretRef.name: Required value`, `.controllerPublishSecretRef.namespace: Required value`,
			`.controllerExpandSecretRef.name: Required value`, `.controllerExpandSecretRef.namespace: Required value`,
			`.nodePublishSecretRef.name: Required value`, `.nodePublishSecretRef.namespace: Required value`,
			`.nodeExpandSecretRef.name: Required value`, `.nodeExpandSecretRef.namespace: Required value`),
		says(`driver: a, volumeHandle: h, nodeExpandSecretRef: {name: S, namespace: a.b}`,
			`.nodeExpandSecretRef.name: Invalid value: "S": `+subdomain, `.nodeExpandSecretRef.namespace: Invalid value: "a.b": must not contain dots`))
}

func TestLocal(t *testing.T) {
	const types = `"", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"`
	judge(t, HostPath,
		says(`path: /a/b`), says(`path: a..b, type: Socket`),
		says(`type: X`, `.path: Required value`),
		says(`path: /a/../b, type: X`, `.path: Invalid value: "/a/../b": must not contain '..'`, `.type: Unsupported value: "X": supported values: `+types))
	judge(t, Local, says(`path: /a`), says(``, `.path: Required value`), says(`path: ../a`, `.path: Invalid value: "../a": must not contain '..'`))
	judge(t, NFS, says(`server: s, path: /`),
		says(``, `.server: Required value`, `.path: Required value`, `.path: Invalid value: "": must be an absolute path`),
		says(`server: s, path: a`, `.path: Invalid value: "a": must be an absolute path`))
	judge(t, GitRepo, says(`repository: r, directory: a/b`), says(`directory: /a`, `.repository: Required value`, `.directory: Invalid value: "/a": must be a relative path`),
		says(`repository: r, directory: /../a`, `.directory: Invalid value: "/../a": must be a relative path`, `.directory: Invalid value: "/../a": must not contain '..'`))
}

func TestNetworks(t *testing.T) {
	judge(t, func(s *corev1.RBDVolumeSource, p *field.Path) field.ErrorList {
		return RBD(s.CephMonitors, s.RBDImage, p)
	},
		says(`monitors: [a], image: i`), says(`monitors: [], image: ""`, `.monitors: Required value`, `.image: Required value`))
	judge(t, func(s *corev1.CephFSVolumeSource, p *field.Path) field.ErrorList { return CephFS(s.Monitors, p) },
		says(`monitors: [a]`), says(``, `.monitors: Required value`))
	judge(t, GlusterfsPersistent,
		says(`endpoints: e, path: p`), says(`endpoints: e, path: p, endpointsNamespace: ns`),
		says(`endpointsNamespace: ""`, `.endpoints: Required value`, `.path: Required value`,
			`.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name`),
		says(`endpoints: e, path: p, endpointsNamespace: A`, `.endpointsNamespace: Invalid value: "A": `+label))
	const pairs = `must be a host:port pair or multiple pairs separated by commas`
	judge(t, Quobyte,
		says(`registry: "a:1,b:2", volume: v, tenant: t`),
		says(`tenant: `+strings.Repeat("a", 65), `.registry: Required value: `+pairs, `.volume: Required value`),
		says(`registry: x, volume: v, tenant: `+strings.Repeat("a", 65), `.tenant: Required value: must be a UUID and may not exceed a length of 64 characters`),
		says(`registry: "x,a:1,z", volume: v`, `.registry: Invalid value: "x,a:1,z": `+pairs, `.registry: Invalid value: "x,a:1,z": `+pairs))
	judge(t, Flocker,
		says(`datasetName: a`), says(`datasetUUID: a`),
		says(``, `: Required value: one of datasetName and datasetUUID is required`),
		says(`datasetName: a/b, datasetUUID: c`, `: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously`, `.datasetName: Invalid value: "a/b": must not contain '/'`))
	const reserved = `kubernetes.io and k8s.io namespaces are reserved`
	judge(t, func(s *corev1.FlexVolumeSource, p *field.Path) field.ErrorList { return Flex(s.Driver, s.Options, p) },
		says(`driver: d, options: {a: b, x.io/c: d, notkubernetes.io/x: a}`),
		says(`options: {k8s.io/a: b, a.KUBERNETES.io/b: c}`, `.driver: Required value`,
			`.options[a.KUBERNETES.io/b]: Invalid value: "a.KUBERNETES.io/b": `+reserved, `.options[k8s.io/a]: Invalid value: "k8s.io/a": `+reserved))
	judge(t, func(s *corev1.ScaleIOVolumeSource, p *field.Path) field.ErrorList {
		return ScaleIO(s.Gateway, s.System, s.VolumeName, p)
	},
		says(`gateway: g, system: s, volumeName: v`), says(``, `.gateway: Required value`, `.system: Required value`, `.volumeName: Required value`))
	judge(t, StorageOS,
		says(`volumeName: v, volumeNamespace: ns, secretRef: {name: s}`),
		says(`volumeNamespace: A, secretRef: {}`, `.volumeName: Required value`, `.volumeNamespace: Invalid value: "A": `+label, `.secretRef.name: Required value`))
	judge(t, StorageOSPersistent,
		says(`volumeName: v, secretRef: {name: s, namespace: ns}`),
		says(`volumeName: A, secretRef: {}`, `.volumeName: Invalid value: "A": `+label, `.secretRef.name: Required value`, `.secretRef.namespace: Required value`))
}
