// Package disruption keeps account, in the status of PodDisruptionBudgets, of
// how many pods may be evicted; the API server's eviction spends from it.
//
// It reads PodDisruptionBudgets, Pods and the controllers of the pods. It owns
// the budgets' status, except that evictions count themselves in, and the
// DisruptionTarget condition of pods whose disruption did not come about.
// decide.go decides; controller.go acts.
package disruption
