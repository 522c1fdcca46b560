package apps

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestColumns(t *testing.T) {
	apitest.Described(t, Deployment, "Name string, Ready string, Up-to-date string, Available string, Age string, Containers string*, Images string*, Selector string*")
	apitest.Described(t, ReplicaSet, "Name string, Desired integer, Current integer, Ready integer, Age string, Containers string*, Images string*, Selector string*")
	apitest.Described(t, StatefulSet, "Name string, Ready string, Age string, Containers string*, Images string*")
	apitest.Described(t, DaemonSet, "Name string, Desired integer, Current integer, Ready integer, Up-to-date integer, Available integer, Node Selector string, Age string, Containers string*, Images string*, Selector string*")
	apitest.Described(t, ControllerRevision, "Name string, Controller string, Revision string, Age string")
}
