package core

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// The oldest kinds let who writes their status, and who finalizes them, write
// their metadata along with it, and not labels and annotations alone.

// copyFinalizers copies finalizers, but not owners: kubelets of old got those
// wrong when they wrote the status of a pod.
func copyFinalizers[P metav1.Object](dst, src P) { dst.SetFinalizers(src.GetFinalizers()) }

// copyHolders copies what holds an object: finalizers and owners.
func copyHolders[P metav1.Object](dst, src P) {
	copyFinalizers(dst, src)
	dst.SetOwnerReferences(src.GetOwnerReferences())
}
