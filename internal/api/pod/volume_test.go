package pod

import (
	"strings"
	"testing"
)

var long63 = strings.Repeat("a", 63)

// volume1 is a pod with this volume; what is said is said of the volume.
func volume1(text string, want ...string) judged {
	return with(`serviceAccountName: sa, volumes: [{name: v, `+text+`}]`, within("spec.volumes[0].", want)...)
}

func TestVolumes(t *testing.T) {
	const claim = `ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}}}}`
	longPod := func(text string, want ...string) judged {
		return judged{pods, `{metadata: {name: ` + strings.Repeat("a", 200) + `}, spec: {` + one + `, volumes: [` + text + `]}}`, want}
	}
	judge(t,
		with(`volumes: [{name: v}, {name: w, emptyDir: {medium: Memory, sizeLimit: 1Mi}}]`),
		with(`volumes: [{}, {name: V}, {name: a}, {name: a}]`,
			`spec.volumes[0].name: Required value`,
			`spec.volumes[1].name: Invalid value: "V": `+label,
			`spec.volumes[3].name: Duplicate value: "a"`),
		volume1(`emptyDir: {sizeLimit: -1}`, `emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity`),
		// Where it comes from is judged before its name.
		with(`volumes: [{emptyDir: {sizeLimit: -1}}]`, `spec.volumes[0].emptyDir.sizeLimit: Forbidden`, `spec.volumes[0].name: Required value`),
		volume1(`hostPath: {path: /a, type: Directory}`),
		volume1(`hostPath: {}`, `hostPath.path: Required value`),
		volume1(`persistentVolumeClaim: {claimName: c}`),
		volume1(`persistentVolumeClaim: {}`, `persistentVolumeClaim.claimName: Required value`),
		volume1(`image: {reference: i, pullPolicy: Never}`),
		volume1(`image: {}`, `image.reference: Required value`),
		volume1(`image: {reference: i, pullPolicy: X}`, `image.pullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"`),
		// A claim is made for the pod, under a name of both.
		with(`volumes: [{name: v, `+claim+`}, {name: w, persistentVolumeClaim: {claimName: p-v}}]`,
			`spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "p-v": must not reference a PVC that gets created for an ephemeral volume`),
		longPod(`{name: `+long63+`, `+claim+`}`,
			`spec.volumes[0].name: Invalid value: "`+long63+`": PVC name "`+strings.Repeat("a", 200)+`-`+long63+`": must be no more than 253 characters`),
		longPod(`{`+claim+`}`, `spec.volumes[0].name: Required value`),
		judged{pods, `{spec: {` + one + `, volumes: [{name: v, ` + claim + `}, {name: w, persistentVolumeClaim: {claimName: -v}}]}}`, nil}, // a name is still to come
	)
}

// A volume comes from one place. The first in this order is judged, and all
// others are refused.
func TestVolumeSources(t *testing.T) {
	sources := []struct{ name, text, said string }{
		{"emptyDir", `emptyDir: {sizeLimit: -1}`, "emptyDir.sizeLimit: Forbidden"},
		{"hostPath", `hostPath: {}`, "hostPath.path: Required"},
		{"gitRepo", `gitRepo: {}`, "gitRepo.repository: Required"},
		{"gcePersistentDisk", `gcePersistentDisk: {}`, "persistentDisk.pdName: Required"},
		{"awsElasticBlockStore", `awsElasticBlockStore: {}`, "awsElasticBlockStore.volumeID: Required"},
		{"secret", `secret: {}`, "secret.secretName: Required"},
		{"nfs", `nfs: {server: s, path: x}`, "nfs.path: Invalid"},
		{"iscsi", `iscsi: {targetPortal: p, iqn: iqn.x, lun: 0}`, "iscsi.iqn: Invalid"},
		{"glusterfs", `glusterfs: {path: p}`, "glusterfs.endpoints: Required"},
		{"flocker", `flocker: {}`, "flocker: Required"},
		{"persistentVolumeClaim", `persistentVolumeClaim: {}`, "persistentVolumeClaim.claimName: Required"},
		{"rbd", `rbd: {image: i}`, "rbd.monitors: Required"},
		{"cinder", `cinder: {}`, "cinder.volumeID: Required"},
		{"cephFS", `cephfs: {}`, "cephfs.monitors: Required"},
		{"quobyte", `quobyte: {registry: "a:1"}`, "quobyte.volume: Required"},
		{"downwarAPI", `downwardAPI: {defaultMode: 1000}`, "downwardAPI.defaultMode: Invalid"},
		{"fc", `fc: {}`, "fc.targetWWNs: Required"},
		{"flexVolume", `flexVolume: {}`, "flexVolume.driver: Required"},
		{"configMap", `configMap: {}`, "configMap.name: Required"},
		{"azureFile", `azureFile: {shareName: s}`, "azureFile.secretName: Required"},
		{"vsphereVolume", `vsphereVolume: {}`, "vsphereVolume.volumePath: Required"},
		{"photonPersistentDisk", `photonPersistentDisk: {}`, "photonPersistentDisk.pdID: Required"},
		{"portworxVolume", `portworxVolume: {}`, "portworxVolume.volumeID: Required"},
		{"azureDisk", `azureDisk: {diskURI: "https://x"}`, "azureDisk.diskName: Required"},
		{"storageos", `storageos: {}`, "storageos.volumeName: Required"},
		{"projected", `projected: {defaultMode: 1000}`, "projected.defaultMode: Invalid"},
		{"scaleIO", `scaleIO: {gateway: g, system: s}`, "scaleIO.volumeName: Required"},
		{"csi", `csi: {}`, "csi.driver: Required"},
		{"ephemeral", `ephemeral: {}`, "ephemeral.volumeClaimTemplate: Required"},
		{"image", `image: {}`, "image.reference: Required"},
	}
	for i, s := range sources {
		judge(t, volume1(s.text, s.said))
		if i+1 < len(sources) {
			next := sources[i+1]
			judge(t, volume1(next.text+", "+s.text, s.said, next.name+": Forbidden: may not specify more than 1 volume type"))
		}
	}
}

func TestKeysOfVolumes(t *testing.T) {
	const mode = `must be a number between 0 and 0777 (octal), both inclusive`
	for _, source := range []struct{ name, ref string }{{"secret", "secretName: s"}, {"configMap", "name: m"}} {
		keys := func(text string, want ...string) judged {
			return volume1(source.name+`: {`+source.ref+`, `+text+`}`, within(source.name+".", want)...)
		}
		judge(t,
			keys(`defaultMode: 511, items: [{key: k, path: a/b, mode: 0}, {key: k, path: a/b}, {key: k, path: .a}]`),
			keys(`defaultMode: 512`, `defaultMode: Invalid value: 512: `+mode),
			keys(`defaultMode: -1`, `defaultMode: Invalid value: -1: `+mode),
			keys(`items: [{}]`, `items[0].key: Required value`, `items[0].path: Required value`),
			keys(`items: [{key: k, path: /a, mode: 512}, {key: k, path: a/..}, {key: k, path: ..a}, {key: k, path: ../a}]`,
				`items[0].path: Invalid value: "/a": must be a relative path`,
				`items[0].mode: Invalid value: 512: `+mode,
				`items[1].path: Invalid value: "a/..": must not contain '..'`,
				`items[2].path: Invalid value: "..a": must not start with '..'`,
				`items[3].path: Invalid value: "../a": must not contain '..'`),
		)
	}
}

func TestDownwardVolumes(t *testing.T) {
	files := func(text string, want ...string) judged {
		return volume1(`downwardAPI: {items: [`+text+`]}`, within("downwardAPI", want)...)
	}
	const names = `"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"`
	judge(t,
		files(`{path: a, fieldRef: {fieldPath: metadata.labels}, mode: 511}, {path: b, resourceFieldRef: {containerName: a, resource: limits.cpu}}, {path: c, fieldRef: {fieldPath: "metadata.annotations['a']"}}`),
		files(`{}`, `.path: Required value`, `: Required value: one of fieldRef and resourceFieldRef is required`),
		files(`{path: a, fieldRef: {fieldPath: metadata.name}, resourceFieldRef: {}}`, `: Invalid value: "resource": fieldRef and resourceFieldRef can not be specified simultaneously`),
		files(`{path: /a, fieldRef: {fieldPath: spec.nodeName}, mode: 512}`,
			`.path: Invalid value: "/a": must be a relative path`,
			`.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: `+names,
			`.mode: Invalid value: 512: must be a number between`),
		files(`{path: a, resourceFieldRef: {resource: x}}`, `.resourceFieldRef.containerName: Required value`),
		files(`{path: a, resourceFieldRef: {containerName: a, resource: x}}`, `.resourceFieldRef.resource: Unsupported value: "x"`),
		files(`{path: a, resourceFieldRef: {containerName: a, resource: limits.cpu, divisor: 2}}`, `.resourceFieldRef.divisor: Invalid value: "limits.cpu"`),
	)
}

func TestProjected(t *testing.T) {
	sources := func(text string, want ...string) judged {
		return volume1(`projected: {sources: [`+text+`]}`, within("projected", want)...)
	}
	const twice = `conflicting duplicate paths`
	judge(t,
		sources(``),
		sources(`{}`),
		volume1(`projected: {defaultMode: 512}`, `projected.defaultMode: Invalid value: 512: must be a number between`),
		sources(`{secret: {name: s, items: [{key: k, path: a}]}}, {configMap: {name: m, items: [{key: k, path: b}]}}, {downwardAPI: {items: [{path: c, fieldRef: {fieldPath: metadata.name}}]}},
			{serviceAccountToken: {path: a, expirationSeconds: 600}}, {clusterTrustBundle: {name: x, path: d}}`),
		sources(`{secret: {items: [{}]}}, {configMap: {items: [{}]}}, {downwardAPI: {items: [{}]}}`,
			`.sources[0].secret.name: Required value`, `.sources[0].secret.items[0].key: Required value`, `.sources[0].secret.items[0].path: Required value`,
			`.sources[1].configMap.name: Required value`, `.sources[1].configMap.items[0].key: Required value`, `.sources[1].configMap.items[0].path: Required value`,
			`.sources[2].downwardAPI.path: Required value`, `.sources[2].downwardAPI: Required value`),
		// Two that write one file: what is shown is whose it is, or the path.
		sources(`{secret: {name: s, items: [{key: k, path: a}, {key: l, path: a}, {path: b}]}}, {configMap: {name: m, items: [{key: k, path: a}]}}`,
			`: Invalid value: "s": `+twice, `.sources[0].secret.items[2].key: Required value`, `: Invalid value: "m": `+twice),
		sources(`{secret: {name: s, items: [{key: k, path: a}]}}, {downwardAPI: {items: [{path: a, fieldRef: {fieldPath: metadata.name}}]}}, {clusterTrustBundle: {name: x, path: a}}`,
			`: Invalid value: "a": `+twice, `: Invalid value: "a": `+twice),
		sources(`{secret: {name: s}, configMap: {}}`,
			`.sources[0].configMap.name: Required value`, `.sources[0]: Forbidden: may not specify more than 1 volume type per source`),
		sources(`{podCertificate: {}, clusterTrustBundle: {path: a}, serviceAccountToken: {path: a}, downwardAPI: {}, configMap: {}, secret: {}}`,
			`.sources[0].secret.name: Required value`,
			`.sources[0].configMap.name: Required value`,
			`.sources[0].clusterTrustBundle: Required value`,
			`.sources[0].podCertificate.signerName: Required value`,
			`.sources[0].podCertificate.keyType: Unsupported value`,
			`.sources[0].podCertificate: Required value`,
			`.sources[0]: Forbidden: may not specify more than 1 volume type per source`),
		sources(`{serviceAccountToken: {path: t, expirationSeconds: 599}}`, `.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes`),
		sources(`{serviceAccountToken: {path: t, expirationSeconds: 4294967296}}`),
		sources(`{serviceAccountToken: {expirationSeconds: 4294967297}}`,
			`.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds`,
			`.path: Required value`),
		sources(`{serviceAccountToken: {path: /t}}`, `.path: Invalid value: "/t": must be a relative path`),
	)
}

func TestTrustBundles(t *testing.T) {
	bundle := func(text string, want ...string) judged {
		return volume1(`projected: {sources: [{clusterTrustBundle: {path: b, `+text+`}}]}`, within("projected.sources[0].clusterTrustBundle", want)...)
	}
	const bad = `not a valid clustertrustbundlename: `
	judge(t,
		bundle(`name: a.b`), bundle(`name: "a.b:c:d"`), bundle(`signerName: a.b/c, labelSelector: {}`), bundle(`signerName: a.b/c`),
		bundle(``, `: Required value: either name or signerName must be specified`),
		bundle(`name: a, signerName: b`, `: Invalid value: {"name":"a","signerName":"b","path":"b"}: only one of name and signerName may be used`),
		bundle(`name: ""`, `.name: Required value: must be a valid object name`, `.name: Invalid value: "": `+bad+subdomain),
		bundle(`name: A, labelSelector: {}`, `.name: Invalid value: "A": `+bad+subdomain, `.labelSelector: Invalid value: {}: labelSelector must be unset if name is specified`),
		bundle(`name: "a.b:c:D"`, `.name: Invalid value: "a.b:c:D": `+bad+subdomain),
		bundle(`name: ":x"`, `.name: Invalid value: ":x": `+bad+`ClusterTrustBundle without signer name must not have ":" in its name`),
		bundle(`name: "a.b/c:x"`, `.name: Invalid value: "a.b/c:x": `+bad+`ClusterTrustBundle for signerName a.b/c must be named with prefix a.b:c:`),
		bundle(`signerName: ""`, `.signerName: Required value: must be a valid signer name`, `.signerName: Required value`),
		bundle(`signerName: a, labelSelector: {matchLabels: {a: b c}}`,
			`.signerName: Invalid value: "a": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
			`.labelSelector.matchLabels: Invalid value: "b c": a valid label must be`),
		volume1(`projected: {sources: [{clusterTrustBundle: {name: x}}, {clusterTrustBundle: {name: x}}]}`,
			`projected.sources[0].clusterTrustBundle.path: Required value`,
			`projected.sources[1].clusterTrustBundle.path: Required value`,
			`projected: Invalid value: "": conflicting duplicate paths`),
	)
}

func TestCertificates(t *testing.T) {
	certificate := func(text string, want ...string) judged {
		return volume1(`projected: {sources: [{podCertificate: {`+text+`}}]}`, within("projected.sources[0].podCertificate", want)...)
	}
	const good = `signerName: a.b/c, keyType: ED25519, keyPath: k`
	judge(t,
		certificate(`signerName: a.b/c, keyType: RSA3072, credentialBundlePath: c, keyPath: k, certificateChainPath: d, maxExpirationSeconds: 7862400, userAnnotations: {a.b/c: d, A.b/C: e}`),
		certificate(good+`, maxExpirationSeconds: 3600`),
		certificate(``,
			`.signerName: Required value`,
			`.keyType: Unsupported value: "": supported values: "RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"`,
			`: Required value: specify at least one of credentialBundlePath, keyPath, and certificateChainPath`),
		certificate(good+`, maxExpirationSeconds: 3599`, `.maxExpirationSeconds: Invalid value: 3599: if provided, maxExpirationSeconds must be >= 3600`),
		certificate(good+`, maxExpirationSeconds: 7862401`, `.maxExpirationSeconds: Invalid value: 7862401: if provided, maxExpirationSeconds must be <= 7862400`),
		certificate(`signerName: kubernetes.io/x, keyType: ED25519, keyPath: k, maxExpirationSeconds: 86400`),
		certificate(`signerName: a.kubernetes.io/x, keyType: ED25519, keyPath: k, maxExpirationSeconds: 86401`, `.maxExpirationSeconds: Invalid value: 86401: if provided, maxExpirationSeconds must be <= 86400`),
		certificate(`signerName: kubernetes.io/x, keyType: ED25519, keyPath: k, maxExpirationSeconds: 86401`, `.maxExpirationSeconds: Invalid value: 86401: if provided, maxExpirationSeconds must be <= 86400`),
		certificate(good+`, userAnnotations: {a: b}`, `.userAnnotations: Invalid value: "a": must be a domain-prefixed key (such as "acme.io/foo")`),
		certificate(good+`, userAnnotations: {a.b/c: `+strings.Repeat("a", 256*1024)+`}`, `.userAnnotations: Too long: may not be more than 262144 bytes`),
		certificate(`signerName: x, userAnnotations: {a: b}, keyType: X, maxExpirationSeconds: 1, certificateChainPath: ..c, keyPath: /k, credentialBundlePath: ../b`,
			`.signerName: Invalid`, `.userAnnotations: Invalid`, `.keyType: Unsupported`, `.maxExpirationSeconds: Invalid`,
			`.credentialBundlePath: Invalid value: "../b": must not contain '..'`,
			`.keyPath: Invalid value: "/k": must be a relative path`,
			`.certificateChainPath: Invalid value: "..c": must not start with '..'`),
		volume1(`projected: {sources: [{podCertificate: {`+good+`, certificateChainPath: k, credentialBundlePath: k}}]}`,
			`projected: Invalid value: "k": conflicting duplicate paths`, `projected: Invalid value: "k": conflicting duplicate paths`),
	)
}
