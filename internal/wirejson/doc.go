// Package wirejson writes the JSON of Kubernetes objects straight from their
// protobuf, without making the objects: it is how a cache of protobuf bytes
// answers clients that speak JSON.
//
// What it writes means the same as what encoding/json writes of the decoded
// object; fields come in the order of their protobuf numbers. It knows types
// by their struct tags and nothing else of them, holds no object, and does no
// I/O.
package wirejson
