package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// ComponentStatus tells, for old clients, how the control plane does. It is
// made up when asked for and not stored.
var ComponentStatus = api.Define(api.Kind[*corev1.ComponentStatus]{
	GVK: gv.WithKind("ComponentStatus"), Plural: "componentstatuses", Verbs: []string{"get", "list"},
	ShortNames: []string{"cs"},
	New:        api.New[corev1.ComponentStatus], NewList: api.NewList[corev1.ComponentStatusList],
	Columns: table.Of("Name", "Status", "Message", "Error").Docs(map[string]string{
		"Status":  "Status of the component conditions",
		"Message": "Message of the component conditions",
		"Error":   "Error of the component conditions",
	}),
	Row: componentRow,
})

func componentRow(o *corev1.ComponentStatus) []any {
	for _, c := range o.Conditions {
		if c.Type != corev1.ComponentHealthy {
			continue
		}
		status := "Unhealthy"
		if c.Status == corev1.ConditionTrue {
			status = "Healthy"
		}
		return []any{o.Name, status, c.Message, c.Error}
	}
	return []any{o.Name, "Unknown", "", ""}
}
