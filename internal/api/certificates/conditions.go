package certificates

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// keepConditions puts what was said already in place of what a client sends
// again, for the conditions that is tells of; where there are more or fewer of
// them than before, what is sent stands, for the rules to judge.
func keepConditions[C any](now, was []C, is func(*C) bool) {
	places, before := find(now, is), find(was, is)
	if len(places) != len(before) {
		return
	}
	for i, place := range places {
		now[place] = was[before[i]]
	}
}

// find returns the places of the conditions that is tells of.
func find[C any](conditions []C, is func(*C) bool) []int {
	var places []int
	for i := range conditions {
		if is(&conditions[i]) {
			places = append(places, i)
		}
	}
	return places
}

// now is the present, as objects can say it.
func now() metav1.Time { return metav1.NewTime(time.Now().Truncate(time.Second)) }
