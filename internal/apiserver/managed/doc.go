// Package managed keeps the account of who set which fields of an object
// (metadata.managedFields, KEP-555) as it is written: sets of fields in JSON
// (FieldsV1).
//
// Structured-merge-diff finds the same by way of sets of paths, which it reads
// and writes anew for every update. Here two states of an object are compared
// by its type and schema, and what differs is written at once; and what the
// managers hold is joined and taken away as text. What that does not understand
// it says so of, and structured-merge-diff takes its place.
package managed
