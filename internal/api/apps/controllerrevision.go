package apps

import (
	appsv1 "k8s.io/api/apps/v1"

	"skiff/internal/api"
)

// ControllerRevision is a past state of a DaemonSet or StatefulSet.
var ControllerRevision = api.Define(api.Kind[*appsv1.ControllerRevision]{
	GVK: gv.WithKind("ControllerRevision"), Plural: "controllerrevisions", Prefix: "controllerrevisions", Namespaced: true,
	New: api.New[appsv1.ControllerRevision], NewList: api.NewList[appsv1.ControllerRevisionList],
})
