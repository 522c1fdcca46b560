package core

import (
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

func TestColumns(t *testing.T) {
	for _, tt := range []struct {
		kind *api.Resource
		want string
	}{
		{Pod, "Name string, Ready string, Status string, Restarts string, Age string, IP string*, Node string*, Nominated Node string*, Readiness Gates string*"},
		{PodTemplate, "Name string, Containers string, Images string, Pod Labels string"},
		{ReplicationController, "Name string, Desired integer, Current integer, Ready integer, Age string, Containers string*, Images string*, Selector string*"},
		{Service, "Name string, Type string, Cluster-IP string, External-IP string, Port(s) string, Age string, Selector string*"},
		{Endpoints, "Name string, Endpoints string, Age string"},
		{Node, "Name string, Status string, Roles string, Age string, Version string, Internal-IP string*, External-IP string*, OS-Image string*, Kernel-Version string*, Container-Runtime string*"},
		{Event, "Last Seen string, Type string, Reason string, Object string, Subobject string*, Source string*, Message string, First Seen string*, Count string*, Name string*"},
		{Namespace, "Name string, Status string, Age string"},
		{Secret, "Name string, Type string, Data string, Age string"},
		{ConfigMap, "Name string, Data string, Age string"},
		{ServiceAccount, "Name string, Secrets string, Age string"},
		{PersistentVolume, "Name string, Capacity string, Access Modes string, Reclaim Policy string, Status string, Claim string, StorageClass string, VolumeAttributesClass string, Reason string, Age string, VolumeMode string*"},
		{PersistentVolumeClaim, "Name string, Status string, Volume string, Capacity string, Access Modes string, StorageClass string, VolumeAttributesClass string, Age string, VolumeMode string*"},
		{ComponentStatus, "Name string, Status string, Message string, Error string"},
		{ResourceQuota, "Name string, Request string, Limit string, Age string"},
		{LimitRange, "Name string, Created At date"},
	} {
		apitest.Described(t, tt.kind, tt.want)
	}
}
