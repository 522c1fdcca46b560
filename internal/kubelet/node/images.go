package node

import (
	"sort"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// maxImageNames is how many names of one image a Node lists.
const maxImageNames = 5

// Images turns the runtime's images into those of a Node, largest first.
func Images(list []*runtimeapi.Image) []corev1.ContainerImage {
	var out []corev1.ContainerImage
	for _, i := range list {
		names := append(append([]string(nil), i.RepoDigests...), i.RepoTags...)
		if len(names) == 0 {
			continue
		}
		out = append(out, corev1.ContainerImage{Names: names[:min(len(names), maxImageNames)], SizeBytes: int64(i.Size)})
	}
	sort.SliceStable(out, func(a, b int) bool {
		if out[a].SizeBytes != out[b].SizeBytes {
			return out[a].SizeBytes > out[b].SizeBytes
		}
		return out[a].Names[0] < out[b].Names[0]
	})
	return out
}
