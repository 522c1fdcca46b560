package core

import (
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

func TestSourcesOfVolumes(t *testing.T) {
	const iscsi = `iscsi: {targetPortal: "10.0.0.1:3260", iqn: "iqn.2001-04.com.example:storage.disk", lun: 0`
	const tooLong = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."
	for _, tt := range []struct {
		source string
		want   []string // behind "spec."
	}{
		{`hostPath: {path: /x, type: DirectoryOrCreate}`, nil},
		{`hostPath: {path: ""}`, []string{"hostPath.path: Required value"}},
		{`hostPath: {path: /a/../b, type: Door}`, []string{`hostPath.path: Invalid value: "/a/../b": must not contain '..'`, `hostPath.type: Unsupported value: "Door": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"`}},
		{`gcePersistentDisk: {pdName: d}`, nil},
		{`gcePersistentDisk: {pdName: "", partition: 256}`, []string{"persistentDisk.pdName: Required value", "persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive"}},
		{`awsElasticBlockStore: {volumeID: v, partition: 255}`, nil},
		{`awsElasticBlockStore: {volumeID: "", partition: -1}`, []string{"awsElasticBlockStore.volumeID: Required value", "awsElasticBlockStore.partition: Invalid value: -1: must be between 1 and 255, inclusive"}},
		{`glusterfs: {endpoints: e, path: p, endpointsNamespace: ns}`, nil},
		{`glusterfs: {endpoints: "", path: "", endpointsNamespace: ""}`, []string{"glusterfs.endpoints: Required value", "glusterfs.path: Required value",
			`glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name`}},
		{`glusterfs: {endpoints: e, path: p, endpointsNamespace: A}`, []string{`glusterfs.endpointsNamespace: Invalid value: "A": a lowercase RFC 1123 label`}},
		{`flocker: {datasetUUID: u}`, nil},
		{`flocker: {}`, []string{"flocker: Required value: one of datasetName and datasetUUID is required"}},
		{`flocker: {datasetName: a/b, datasetUUID: u}`, []string{`flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously`, `flocker.datasetName: Invalid value: "a/b": must not contain '/'`}},
		{`nfs: {server: s, path: /x}`, nil},
		{`nfs: {server: "", path: ""}`, []string{"nfs.server: Required value", "nfs.path: Required value", `nfs.path: Invalid value: "": must be an absolute path`}},
		{`rbd: {monitors: [m], image: i}`, nil},
		{`rbd: {monitors: [], image: ""}`, []string{"rbd.monitors: Required value", "rbd.image: Required value"}},
		{`quobyte: {registry: "a:1,b:2", volume: v}`, nil},
		{`quobyte: {registry: "", volume: ""}`, []string{"quobyte.registry: Required value: must be a host:port pair or multiple pairs separated by commas", "quobyte.volume: Required value"}},
		{`quobyte: {registry: "a:1,b", volume: v}`, []string{`quobyte.registry: Invalid value: "a:1,b": must be a host:port pair or multiple pairs separated by commas`}},
		{`quobyte: {registry: "a:1", volume: v, tenant: ` + strings.Repeat("x", 65) + `}`, []string{"quobyte.tenant: Required value: must be a UUID and may not exceed a length of 64 characters"}},
		{`cephfs: {monitors: [m]}`, nil},
		{`cephfs: {monitors: []}`, []string{"cephfs.monitors: Required value"}},
		{iscsi + `, initiatorName: "eui.0123456789abcdef"}`, nil},
		{`iscsi: {targetPortal: "", iqn: "", lun: 256, chapAuthSession: true}`, []string{"iscsi.targetPortal: Required value", "iscsi.iqn: Required value",
			"iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive", "iscsi.secretRef: Required value"}},
		{`iscsi: {targetPortal: p, iqn: other, lun: 0, chapAuthDiscovery: true, secretRef: {name: ""}, initiatorName: naa.1}`, []string{
			`iscsi.iqn: Invalid value: "other": must be valid format`, "iscsi.secretRef.name: Required value", `iscsi.initiatorname: Invalid value: "naa.1": must be valid format`}},
		{`iscsi: {targetPortal: ` + strings.Repeat("p", 63) + `, iqn: eui.1, lun: 0, initiatorName: other}`, []string{
			`iscsi.targetportal: Invalid value: "` + strings.Repeat("p", 63) + `": ` + tooLong, `iscsi.iqn: Invalid value: "eui.1": must be valid format`, `iscsi.initiatorname: Invalid value: "other": must be valid format`}},
		{`cinder: {volumeID: v, secretRef: {name: a, namespace: b}}`, nil},
		{`cinder: {volumeID: "", secretRef: {}}`, []string{"cinder.volumeID: Required value", "cinder.secretRef.name: Required value", "cinder.secretRef.namespace: Required value"}},
		{`fc: {targetWWNs: [w], lun: 0}`, nil},
		{`fc: {wwids: [w]}`, nil},
		{`fc: {}`, []string{"fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both"}},
		{`fc: {targetWWNs: [w], wwids: [w]}`, []string{`fc.targetWWNs: Invalid value: ["w"]: targetWWNs and wwids can not be specified simultaneously`, "fc.lun: Required value: lun is required if targetWWNs is specified"}},
		{`fc: {targetWWNs: [w], lun: 256}`, []string{"fc.lun: Invalid value: 256: must be between 0 and 255, inclusive"}},
		{`flexVolume: {driver: a/b, options: {x.io/y: z}}`, nil},
		{`flexVolume: {driver: "", options: {A.Kubernetes.IO/x: v, k8s.io: v}}`, []string{"flexVolume.driver: Required value",
			`flexVolume.options[A.Kubernetes.IO/x]: Invalid value: "A.Kubernetes.IO/x": kubernetes.io and k8s.io namespaces are reserved`, `flexVolume.options[k8s.io]: Invalid value: "k8s.io": kubernetes.io and k8s.io namespaces are reserved`}},
		{`azureFile: {secretName: s, shareName: h, secretNamespace: ns}`, nil},
		{`azureFile: {secretName: "", shareName: "", secretNamespace: ""}`, []string{"azureFile.secretName: Required value", "azureFile.shareName: Required value", "azureFile.secretNamespace: Required value"}},
		{`vsphereVolume: {volumePath: ""}`, []string{"vsphereVolume.volumePath: Required value"}},
		{`photonPersistentDisk: {pdID: ""}`, []string{"photonPersistentDisk.pdID: Required value"}},
		{`portworxVolume: {volumeID: ""}`, []string{"portworxVolume.volumeID: Required value"}},
		{`azureDisk: {diskName: d, diskURI: "https://a/b.vhd"}`, nil},
		{`azureDisk: {diskName: d, diskURI: /subscriptions/x, kind: Managed}`, nil},
		{`azureDisk: {diskName: "", diskURI: "", cachingMode: Odd, kind: Odd}`, []string{"azureDisk.diskName: Required value", "azureDisk.diskURI: Required value",
			`azureDisk.cachingMode: Unsupported value: "Odd": supported values: "None", "ReadOnly", "ReadWrite"`, `azureDisk.kind: Unsupported value: "Odd": supported values: "Dedicated", "Managed", "Shared"`,
			`azureDisk.diskURI: Unsupported value: "": supported values: "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"`}},
		{`azureDisk: {diskName: d, diskURI: "https://a", kind: Managed}`, []string{`azureDisk.diskURI: Unsupported value: "https://a": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"`}},
		{`scaleIO: {gateway: "", system: "", secretRef: {}}`, []string{"scaleIO.gateway: Required value", "scaleIO.system: Required value", "scaleIO.volumeName: Required value"}},
		{`storageos: {volumeName: v, volumeNamespace: ns, secretRef: {name: a, namespace: b}}`, nil},
		{`storageos: {volumeNamespace: A, secretRef: {}}`, []string{"storageos.volumeName: Required value", `storageos.volumeNamespace: Invalid value: "A": a lowercase RFC 1123 label`,
			"storageos.secretRef.name: Required value", "storageos.secretRef.namespace: Required value"}},
		{`csi: {driver: Some.Driver, volumeHandle: h, nodeExpandSecretRef: {name: a, namespace: b}}`, nil},
		{`csi: {driver: "", volumeHandle: "", controllerPublishSecretRef: {name: A, namespace: B}, controllerExpandSecretRef: {namespace: b}, nodePublishSecretRef: {name: a}, nodeExpandSecretRef: {name: A, namespace: b}}`, []string{
			"csi.driver: Required value", "csi.volumeHandle: Required value",
			`csi.controllerPublishSecretRef.name: Invalid value: "A": a lowercase RFC 1123 subdomain`, `csi.controllerPublishSecretRef.namespace: Invalid value: "B": a lowercase RFC 1123 label`,
			"csi.controllerExpandSecretRef.name: Required value", "csi.nodePublishSecretRef.namespace: Required value", `csi.nodeExpandSecretRef.name: Invalid value: "A": `}},
		{`csi: {driver: ` + strings.Repeat("d", 64) + `, volumeHandle: h}`, []string{"csi.driver: Too long: may not be more than 63 bytes"}},
	} {
		var want []string
		for _, text := range tt.want {
			want = append(want, "spec."+text)
		}
		t.Run(tt.source[:min(40, len(tt.source))], func(t *testing.T) {
			apitest.Refused(t, PersistentVolume, `{metadata: {name: v}, spec: {capacity: {storage: 1}, accessModes: [ReadWriteOnce], `+tt.source+`}}`, want...)
		})
	}
}
