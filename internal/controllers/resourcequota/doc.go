// Package resourcequota counts what namespaces use of their ResourceQuotas. It
// reads the ResourceQuotas and, in namespaces that have one, what they bound;
// it owns status.hard and status.used, to which admission adds ahead of it.
package resourcequota
