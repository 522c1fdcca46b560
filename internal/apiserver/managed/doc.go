// Package managed writes which fields a new object has, as its first entry in
// metadata.managedFields lists them (FieldsV1, KEP-555).
//
// Structured-merge-diff finds the same by comparing the object with an empty
// one: it makes sets of paths, merges and encodes them. Of a new object all
// that is set is new, so that its fields can be written as they are met.
package managed
