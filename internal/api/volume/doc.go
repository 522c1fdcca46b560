// Package volume holds the rules that pods, PersistentVolumes and
// PersistentVolumeClaims share: where the bytes of a volume may come from, and
// what a claim may ask for. It does no I/O.
package volume
