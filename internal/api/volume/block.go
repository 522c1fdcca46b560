package volume

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ISCSI judges a disk of an iSCSI target. name is the volume's: with the
// portal it makes the name of an interface, which has a limit.
func ISCSI(i *corev1.ISCSIVolumeSource, name string, p *field.Path) field.ErrorList {
	const noPrefix = "must be valid format starting with iqn, eui, or naa"
	errs := iscsi{i.TargetPortal, i.IQN, i.Lun, i.DiscoveryCHAPAuth || i.SessionCHAPAuth, i.SecretRef != nil}.judge(p, noPrefix)
	errs = append(errs, iscsiInitiator(i.InitiatorName, noPrefix, p)...)
	if i.InitiatorName != nil && len(name+":"+i.TargetPortal) > maxInterfaceName {
		errs = append(errs, field.Invalid(parent(p).Child("name"), name, interfaceNameError))
	}
	return errs
}

// ISCSIPersistent is ISCSI for a PersistentVolume called name.
func ISCSIPersistent(i *corev1.ISCSIPersistentVolumeSource, name string, p *field.Path) field.ErrorList {
	const noPrefix = "must be valid format"
	errs := iscsi{i.TargetPortal, i.IQN, i.Lun, i.DiscoveryCHAPAuth || i.SessionCHAPAuth, i.SecretRef != nil}.judge(p, noPrefix)
	if i.SecretRef != nil {
		errs = append(errs, need(p.Child("secretRef"), "name", i.SecretRef.Name)...)
	}
	if i.InitiatorName != nil && len(name+":"+i.TargetPortal) > maxInterfaceName {
		errs = append(errs, field.Invalid(p.Child("targetportal"), i.TargetPortal, interfaceNameError))
	}
	return append(errs, iscsiInitiator(i.InitiatorName, noPrefix, p)...)
}

const (
	maxInterfaceName   = 64
	interfaceNameError = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."
)

// parent is the path of the volume that the source at p belongs to.
func parent(p *field.Path) *field.Path {
	path, _, _ := strings.Cut(p.String(), ".iscsi")
	return field.NewPath(path)
}

type iscsi struct {
	portal, iqn  string
	lun          int32
	chap, secret bool
}

func (i iscsi) judge(p *field.Path, noPrefix string) field.ErrorList {
	errs := need(p, "targetPortal", i.portal, "iqn", i.iqn)
	if i.iqn != "" {
		errs = append(errs, iscsiName(p.Child("iqn"), i.iqn, noPrefix)...)
	}
	errs = append(errs, upTo255(p.Child("lun"), i.lun, 0)...)
	if i.chap && !i.secret {
		errs = append(errs, field.Required(p.Child("secretRef"), ""))
	}
	return errs
}

func iscsiInitiator(name *string, noPrefix string, p *field.Path) field.ErrorList {
	if name == nil {
		return nil
	}
	return iscsiName(p.Child("initiatorname"), *name, noPrefix)
}

// The three forms of an iSCSI name (RFC 3720).
var iscsiForms = map[string]*regexp.Regexp{
	"iqn": regexp.MustCompile(`iqn\.\d{4}-\d{2}\.([[:alnum:]-.]+)(:[^,;*&$|\s]+)$`),
	"eui": regexp.MustCompile(`^eui.[[:alnum:]]{16}$`),
	"naa": regexp.MustCompile(`^naa.[[:alnum:]]{32}$`),
}

func iscsiName(p *field.Path, name, noPrefix string) field.ErrorList {
	for prefix, form := range iscsiForms {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if !form.MatchString(name) {
			return field.ErrorList{field.Invalid(p, name, "must be valid format")}
		}
		return nil
	}
	return field.ErrorList{field.Invalid(p, name, noPrefix)}
}

// upTo255 wants n to be between 0 and 255; the message speaks of least.
func upTo255(p *field.Path, n int32, least int) field.ErrorList {
	if n < 0 || n > 255 {
		return field.ErrorList{field.Invalid(p, n, validation.InclusiveRangeError(least, 255))}
	}
	return nil
}

// FC judges a disk of a Fibre Channel target.
func FC(f *corev1.FCVolumeSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	wwns := p.Child("targetWWNs")
	switch byTarget, byID := len(f.TargetWWNs) > 0, len(f.WWIDs) > 0; {
	case !byTarget && !byID:
		errs = append(errs, field.Required(wwns, "must specify either targetWWNs or wwids, but not both"))
	case byTarget && byID:
		errs = append(errs, field.Invalid(wwns, f.TargetWWNs, "targetWWNs and wwids can not be specified simultaneously"))
	}
	switch {
	case len(f.TargetWWNs) == 0:
	case f.Lun == nil:
		errs = append(errs, field.Required(p.Child("lun"), "lun is required if targetWWNs is specified"))
	default:
		errs = append(errs, upTo255(p.Child("lun"), *f.Lun, 0)...)
	}
	return errs
}

// GCEDisk judges a disk of Google's cloud.
func GCEDisk(d *corev1.GCEPersistentDiskVolumeSource, p *field.Path) field.ErrorList {
	return append(need(p, "pdName", d.PDName), upTo255(p.Child("partition"), d.Partition, 1)...)
}

// AWSDisk judges a disk of Amazon's cloud.
func AWSDisk(d *corev1.AWSElasticBlockStoreVolumeSource, p *field.Path) field.ErrorList {
	return append(need(p, "volumeID", d.VolumeID), upTo255(p.Child("partition"), d.Partition, 1)...)
}
