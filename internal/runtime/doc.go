// Package runtime runs containers: containerd as a child process of the same
// binary, with the shim, the pause program and the CNI forwarder that it
// needs, and the images that come with the node.
//
// It owns the directories bin, containerd, run, cni and log below the data
// directory, containerd's namespace k8s.io, and every shim and container
// process of the node. It never speaks to the API server: the kubelet drives
// containers through the CRI socket at Endpoint.
//
// The child can die, be killed or be replaced by a newer one at any moment
// without a container noticing: containers belong to their shims, and a new
// containerd finds them again in its state directory.
package runtime
