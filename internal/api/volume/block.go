package volume

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ISCSI judges a disk of an iSCSI target.
func ISCSI(i *corev1.ISCSIVolumeSource, p *field.Path) field.ErrorList {
	t := iscsi{i.IQN, i.Lun, i.InitiatorName, i.DiscoveryCHAPAuth || i.SessionCHAPAuth, i.SecretRef != nil, "must be valid format starting with iqn, eui, or naa"}
	errs := append(need(p, "targetPortal", i.TargetPortal), t.target(p)...)
	return append(errs, t.asks(p)...)
}

// ISCSIPersistent is ISCSI for a PersistentVolume called name.
func ISCSIPersistent(i *corev1.ISCSIPersistentVolumeSource, name string, p *field.Path) field.ErrorList {
	t := iscsi{i.IQN, i.Lun, i.InitiatorName, i.DiscoveryCHAPAuth || i.SessionCHAPAuth, i.SecretRef != nil, badForm}
	errs := need(p, "targetPortal", i.TargetPortal)
	errs = append(errs, ISCSIInterface(p.Child("targetportal"), i.TargetPortal, name, i.TargetPortal, i.InitiatorName)...)
	errs = append(errs, t.target(p)...)
	if i.SecretRef != nil {
		errs = append(errs, need(p.Child("secretRef"), "name", i.SecretRef.Name)...)
	}
	return append(errs, t.asks(p)...)
}

const maxInterfaceName = 64

// ISCSIInterface judges the name of the interface that is made for a volume
// and a portal where the initiator is named. The error stands at p, about
// value.
func ISCSIInterface(p *field.Path, value, volume, portal string, initiator *string) field.ErrorList {
	if initiator == nil || len(volume+":"+portal) <= maxInterfaceName {
		return nil
	}
	return field.ErrorList{field.Invalid(p, value,
		"Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.")}
}

type iscsi struct {
	iqn          string
	lun          int32
	initiator    *string
	chap, secret bool
	noForm       string // said of a name that begins as none does
}

func (i iscsi) target(p *field.Path) field.ErrorList {
	errs := need(p, "iqn", i.iqn)
	if i.iqn != "" {
		errs = append(errs, i.name(p.Child("iqn"), i.iqn)...)
	}
	errs = append(errs, upTo255(p.Child("lun"), i.lun, 0)...)
	if i.chap && !i.secret {
		errs = append(errs, field.Required(p.Child("secretRef"), ""))
	}
	return errs
}

// asks judges who asks for the disk.
func (i iscsi) asks(p *field.Path) field.ErrorList {
	if i.initiator == nil {
		return nil
	}
	return i.name(p.Child("initiatorname"), *i.initiator)
}

const badForm = "must be valid format"

// The three forms of an iSCSI name (RFC 3720).
var iscsiForms = map[string]*regexp.Regexp{
	"iqn": regexp.MustCompile(`iqn\.\d{4}-\d{2}\.([[:alnum:]-.]+)(:[^,;*&$|\s]+)$`),
	"eui": regexp.MustCompile(`^eui.[[:alnum:]]{16}$`),
	"naa": regexp.MustCompile(`^naa.[[:alnum:]]{32}$`),
}

func (i iscsi) name(p *field.Path, name string) field.ErrorList {
	for prefix, form := range iscsiForms {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if !form.MatchString(name) {
			return field.ErrorList{field.Invalid(p, name, badForm)}
		}
		return nil
	}
	return field.ErrorList{field.Invalid(p, name, i.noForm)}
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
