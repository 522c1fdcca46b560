package policy

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestColumns(t *testing.T) {
	apitest.Described(t, PodDisruptionBudget, "Name string, Min Available string, Max Unavailable string, Allowed Disruptions integer, Age string")
}
