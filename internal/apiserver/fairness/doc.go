// Package fairness shares the server among those who ask: API Priority and
// Fairness, as FlowSchemas and PriorityLevelConfigurations describe it
// (KEP-1040).
//
// A request is classified by the first FlowSchema that matches it, and so has
// a priority level. Each level has seats, a share of the server's; a request
// takes one or more of them for as long as it is served. Where none is free it
// waits in one of the level's queues, or is refused. Queues are served in the
// order of virtual time, so that one flow, however many requests it sends,
// delays others by no more than its share. Seats that a level does not need
// are lent to others, by what each has needed lately.
//
// The package decides and counts. It has no clock, no goroutine and no client:
// times and the seed of its hashes are passed in, and whoever holds a Ticket
// waits, gives up and lets go of it in goroutines of its own. It owns the
// Dispatcher and all that hangs from it; the objects that it is configured
// with it never changes.
package fairness
