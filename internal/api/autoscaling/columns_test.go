package autoscaling

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestColumns(t *testing.T) {
	apitest.Described(t, HorizontalPodAutoscaler, "Name string, Reference string, Targets string, MinPods string, MaxPods string, Replicas string, Age string")
}
