package pods

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
)

// nodeIndex is the index of an informer of pods by their node.
const nodeIndex = "node"

// AddNodeIndex lets OnNode work on an informer. Several controllers may ask
// for it on one informer.
func AddNodeIndex(informer cache.SharedIndexInformer) error {
	if _, ok := informer.GetIndexer().GetIndexers()[nodeIndex]; ok {
		return nil
	}
	return informer.AddIndexers(cache.Indexers{nodeIndex: func(obj any) ([]string, error) {
		if p, ok := obj.(*corev1.Pod); ok && p.Spec.NodeName != "" {
			return []string{p.Spec.NodeName}, nil
		}
		return nil, nil
	}})
}

// OnNode returns the pods of a node.
func OnNode(indexer cache.Indexer, node string) []*corev1.Pod {
	found, err := indexer.ByIndex(nodeIndex, node)
	if err != nil {
		panic(err) // AddNodeIndex was not called
	}
	list := make([]*corev1.Pod, 0, len(found))
	for _, o := range found {
		list = append(list, o.(*corev1.Pod))
	}
	return list
}
