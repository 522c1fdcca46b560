package job

import (
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// indexes is a set of completion indexes. As text it is what
// status.completedIndexes holds: "1,3-5,7".
type indexes map[int]bool

// parseIndexes reads what String wrote, and leaves out indexes from limit on:
// an elastic Job may have shrunk.
func parseIndexes(text string, limit int) indexes {
	set := indexes{}
	if text == "" {
		return set
	}
	for part := range strings.SplitSeq(text, ",") {
		low, high, ranged := strings.Cut(part, "-")
		first, err := strconv.Atoi(low)
		if err != nil {
			continue
		}
		last := first
		if ranged {
			if last, err = strconv.Atoi(high); err != nil {
				continue
			}
		}
		for i := first; i <= min(last, limit-1); i++ {
			set[i] = true
		}
	}
	return set
}

// String writes runs of three and more as ranges.
func (s indexes) String() string {
	all := make([]int, 0, len(s))
	for i := range s {
		all = append(all, i)
	}
	slices.Sort(all)
	var out []string
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n] == all[0]+n {
			n++
		}
		text := strconv.Itoa(all[0])
		switch {
		case n == 2:
			text += "," + strconv.Itoa(all[1])
		case n > 2:
			text += "-" + strconv.Itoa(all[n-1])
		}
		out, all = append(out, text), all[n:]
	}
	return strings.Join(out, ",")
}

func indexed(job *batchv1.Job) bool {
	return job.Spec.CompletionMode != nil && *job.Spec.CompletionMode == batchv1.IndexedCompletion
}

// indexOf is the completion index of a pod of an indexed Job; -1 when it says
// none that the Job has.
func indexOf(job *batchv1.Job, p *corev1.Pod) int {
	i, err := strconv.Atoi(p.Annotations[batchv1.JobCompletionIndexAnnotation])
	if err != nil || i < 0 || job.Spec.Completions == nil || i >= int(*job.Spec.Completions) {
		return -1
	}
	return i
}

// vacant returns up to n indexes, the lowest first, that are not taken.
func vacant(job *batchv1.Job, n int, taken ...indexes) (out []int) {
	for i := 0; i < int(*job.Spec.Completions) && len(out) < n; i++ {
		if !slices.ContainsFunc(taken, func(s indexes) bool { return s[i] }) {
			out = append(out, i)
		}
	}
	return out
}
