package storage

import (
	"fmt"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// CSINode says which storage drivers a node has.
var CSINode = api.Define(api.Kind[*storagev1.CSINode]{
	GVK: gv.WithKind("CSINode"), Plural: "csinodes", Prefix: "csinodes", ReturnsDeleted: true,
	New: api.New[storagev1.CSINode], NewList: api.NewList[storagev1.CSINodeList],
	RequireResourceVersion: true,

	// Drivers do not report how healthy they are yet.
	PrepareCreate: func(o *storagev1.CSINode) { o.Status = storagev1.CSINodeStatus{} },
	PrepareUpdate: func(o, old *storagev1.CSINode) { o.Status = old.Status },
	Validate: func(o *storagev1.CSINode) field.ErrorList {
		var errs field.ErrorList
		names := meta.Unique[string]{}
		for i, d := range o.Spec.Drivers {
			p := field.NewPath("spec", "drivers").Index(i)
			errs = append(errs, validateNodeDriver(&d, p)...)
			errs = append(errs, names.Check(p.Child("name"), d.Name)...)
			errs = append(errs, validateTopologyKeys(d.TopologyKeys, p)...)
		}
		return errs
	},

	ValidateUpdate: validateNodeUpdate,

	Columns: table.Of("Name", "Drivers", "Age").Integers("Drivers").
		Docs(map[string]string{"Drivers": "Drivers indicates the number of CSI drivers registered on the node"}),
	Row: func(o *storagev1.CSINode) []any {
		return []any{o.Name, int64(len(o.Spec.Drivers)), table.Age(o.CreationTimestamp)}
	},
})

const maxNodeID = 256

func validateNodeDriver(d *storagev1.CSINodeDriver, p *field.Path) field.ErrorList {
	errs := driverName(p.Child("name"), d.Name)
	switch np := p.Child("nodeID"); {
	case d.NodeID == "":
		errs = append(errs, field.Required(np, ""))
	case len(d.NodeID) > maxNodeID:
		errs = append(errs, field.Invalid(np, d.NodeID, fmt.Sprintf("must be %d characters or less", maxNodeID)))
	}
	if a := d.Allocatable; a != nil {
		errs = append(errs, meta.NonNegativeOr(p.Child("allocatable", "count"), a.Count)...)
	}
	return errs
}

func validateTopologyKeys(keys []string, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := meta.Unique[string]{}
	for _, k := range keys {
		if k == "" {
			errs = append(errs, field.Required(p, ""))
		}
		errs = append(errs, seen.Check(p, k)...)
		errs = append(errs, meta.Invalid(p, keys, validation.IsQualifiedName(k))...)
	}
	return errs
}

// validateNodeUpdate: drivers come and go, and what one said of itself stays,
// but for how many volumes it can attach.
func validateNodeUpdate(o, old *storagev1.CSINode) field.ErrorList {
	var errs field.ErrorList
	for _, was := range old.Spec.Drivers {
		for _, d := range o.Spec.Drivers {
			if d.Name == was.Name {
				d.Allocatable, was.Allocatable = nil, nil
				errs = append(errs, meta.Immutable(field.NewPath("spec", "drivers"), d, was)...)
			}
		}
	}
	return errs
}
