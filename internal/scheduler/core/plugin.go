package core

// Names of the plug-ins, as in Kubernetes' scheduler configuration.
const (
	NodeUnschedulable = "NodeUnschedulable"
	NodeName          = "NodeName"
	TaintToleration   = "TaintToleration"
	NodeAffinity      = "NodeAffinity"
	NodePorts         = "NodePorts"
	NodeResourcesFit  = "NodeResourcesFit"
	PodTopologySpread = "PodTopologySpread"
	InterPodAffinity  = "InterPodAffinity"
)

// Rejection is why a node cannot run a pod.
type Rejection struct {
	Plugin  string
	Reasons []string
	// Unresolvable: no pod's going could change it, so preemption is no help.
	Unresolvable bool
}

// filter looks at one node alone; nil means that it fits.
type filter func(p *Pod, n *node) *Rejection

// filters in the order in which they are asked; the first that rejects decides.
var filters = []filter{
	nodeUnschedulable, nodeName, taintToleration, nodeAffinity, nodePorts, nodeResourcesFit,
}

// Weights of the scores, which are 0 to 100 each.
const (
	maxScore             = 100
	weightTaints         = 3
	weightNodeAffinity   = 2
	weightSpread         = 2
	weightPodAffinity    = 2
	weightFit            = 1
	weightBalanced       = 1
	weightImages         = 1
	hardPodAffinityScore = 1 // of a pod whose required affinity the new one meets
)
