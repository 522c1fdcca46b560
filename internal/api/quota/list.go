package quota

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

var one = *resource.NewQuantity(1, resource.DecimalSI)

// Add adds more to sum.
func Add(sum, more corev1.ResourceList) {
	for name, q := range more {
		have := sum[name].DeepCopy()
		have.Add(q)
		sum[name] = have
	}
}

// growth is what a has more than b, of what it has more of.
func growth(a, b corev1.ResourceList) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, q := range a {
		more := q.DeepCopy()
		more.Sub(b[name])
		if more.Sign() > 0 {
			out[name] = more
		}
	}
	return out
}

// Without is used less amount, and never below zero.
func Without(used, amount corev1.ResourceList) corev1.ResourceList {
	out := used.DeepCopy()
	for name, q := range amount {
		have, ok := out[name]
		if !ok {
			continue
		}
		have.Sub(q)
		if have.Sign() < 0 {
			have = resource.Quantity{Format: have.Format}
		}
		out[name] = have
	}
	return out
}

// only are the entries of a list that names has.
func only(list corev1.ResourceList, names []corev1.ResourceName) corev1.ResourceList {
	out := corev1.ResourceList{}
	for _, name := range names {
		if q, ok := list[name]; ok {
			out[name] = q
		}
	}
	return out
}

func names(list corev1.ResourceList) []corev1.ResourceName {
	out := make([]corev1.ResourceName, 0, len(list))
	for name := range list {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// printed is a list as messages have it: "cpu=1,pods=2".
func printed(list corev1.ResourceList) string {
	var parts []string
	for _, name := range names(list) {
		q := list[name]
		parts = append(parts, string(name)+"="+q.String())
	}
	return strings.Join(parts, ",")
}

func joined[T ~string](names []T) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = string(name)
	}
	return strings.Join(parts, ",")
}
