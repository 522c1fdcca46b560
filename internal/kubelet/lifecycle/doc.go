// Package lifecycle decides what to do with a pod, and what to say of it.
//
// Decide takes a pod, what the runtime has of it, what was tried before and
// the time, and returns the actions to begin now, the status to report and the
// moment to ask again. It starts nothing, reads no clock and holds no lock: a
// worker performs the actions, several at once, and tells Memory how they
// ended. Every decision is made from the whole state, so an event lost, or a
// kubelet started anew in the middle, changes nothing.
package lifecycle
