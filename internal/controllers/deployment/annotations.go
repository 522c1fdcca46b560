package deployment

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Annotations by which kubectl rollout and the proportional scaling work.
const (
	revisionAnnotation = "deployment.kubernetes.io/revision"
	historyAnnotation  = "deployment.kubernetes.io/revision-history"
	desiredAnnotation  = "deployment.kubernetes.io/desired-replicas"
	maxAnnotation      = "deployment.kubernetes.io/max-replicas"
)

// maxHistory is how long the list of a ReplicaSet's earlier revisions may get.
const maxHistory = 2000

// notCopied are the annotations of a Deployment that its ReplicaSets do not
// take over: each object has its own.
var notCopied = []string{
	corev1.LastAppliedConfigAnnotation, revisionAnnotation, historyAnnotation, desiredAnnotation, maxAnnotation,
	appsv1.DeprecatedRollbackTo,
}

// revision is the object's revision number, 0 when it has none.
func revision(annotations map[string]string) int64 {
	n, err := strconv.ParseInt(annotations[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// nextRevision is one more than that of any old ReplicaSet.
func nextRevision(old []*appsv1.ReplicaSet) int64 {
	highest := int64(0)
	for _, rs := range old {
		highest = max(highest, revision(rs.Annotations))
	}
	return highest + 1
}

// annotate gives rs d's annotations and, when it is higher than rs's own, the
// revision. It says whether that changed anything.
func annotate(rs *appsv1.ReplicaSet, d *appsv1.Deployment, rev int64) bool {
	before := maps.Clone(rs.Annotations)
	if rs.Annotations == nil {
		rs.Annotations = map[string]string{}
	}
	for k, v := range d.Annotations {
		if !slices.Contains(notCopied, k) {
			rs.Annotations[k] = v
		}
	}
	if was := rs.Annotations[revisionAnnotation]; revision(rs.Annotations) < rev {
		rs.Annotations[revisionAnnotation] = strconv.FormatInt(rev, 10)
		if was != "" {
			rs.Annotations[historyAnnotation] = remember(rs.Annotations[historyAnnotation], was)
		}
	}
	return !maps.Equal(before, rs.Annotations)
}

// remember adds a revision to a list, whose oldest entries make room.
func remember(list, rev string) string {
	if list == "" {
		return rev
	}
	entries := append(strings.Split(list, ","), rev)
	for len(strings.Join(entries, ",")) > maxHistory {
		entries = entries[1:]
	}
	return strings.Join(entries, ",")
}

// setSize writes on rs how large the whole Deployment is meant to be, and says
// whether that changed anything. A later change of the Deployment's size is
// told from a rollout by it, and shared out in proportion.
func setSize(rs *appsv1.ReplicaSet, d *appsv1.Deployment) bool {
	desired, most := strconv.Itoa(int(replicas(d))), strconv.Itoa(int(replicas(d)+maxSurge(d)))
	if rs.Annotations[desiredAnnotation] == desired && rs.Annotations[maxAnnotation] == most {
		return false
	}
	if rs.Annotations == nil {
		rs.Annotations = map[string]string{}
	}
	rs.Annotations[desiredAnnotation], rs.Annotations[maxAnnotation] = desired, most
	return true
}

// sizeOf reads an annotation of setSize.
func sizeOf(rs *appsv1.ReplicaSet, annotation string) (int32, bool) {
	n, err := strconv.ParseInt(rs.Annotations[annotation], 10, 32)
	return int32(n), err == nil
}
