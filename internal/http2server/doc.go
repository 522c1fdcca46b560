// Package http2server answers HTTP/2 for an http.Server, in place of the
// implementation inside net/http. It is made for few connections with many
// streams that each get a little at a time, as an API server's watches do:
// handlers lay their frames into one buffer per connection, and whoever comes
// first writes what has gathered, so that the events of many watches travel in
// one TLS record and one system call, with no goroutine between a handler and
// the connection.
//
// It owns what happens on a connection once TLS has agreed on "h2" (RFC 9113):
// frames, header compression, flow control, and its defence against clients
// that make work for free. Accepting connections, TLS, HTTP/1.1 and waiting for
// the end of connections at a shutdown stay with net/http. It never looks at what
// requests are about. There is no server push, no priority of streams, no
// extended CONNECT, and no HTTP/2 without TLS.
//
// A handler can go further, and leave its stream to errands: what is to be said
// on many streams of a connection is then said by one goroutine, and none of
// their handlers is woken for it.
//
// One goroutine reads a connection; it never writes to it, so that a client that
// does not read cannot hold up what it sends. Each request has a goroutine,
// which runs its handler, and the errands of all requests have one while there
// are some. What they share lies under the connection's lock; nobody waits for
// the network while holding it.
package http2server
