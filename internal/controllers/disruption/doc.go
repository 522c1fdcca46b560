// Package disruption keeps account, in the status of PodDisruptionBudgets, of
// how many pods may be evicted; the API server's eviction spends from it.
//
// It reads PodDisruptionBudgets, Pods and the controllers of the pods. It owns
// the budgets' status, except that evictions count themselves in. decide.go
// decides; sizes.go knows how many pods there should be; controller.go acts.
package disruption
