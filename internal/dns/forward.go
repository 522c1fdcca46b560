package dns

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// forwarder asks the machine's resolvers.
type forwarder struct {
	servers   func(now time.Time) []string // ADDRESS:PORT, in order of preference
	preferred atomic.Uint32                // the resolver that answered last
	slots     chan struct{}
}

// A client gives up after five seconds, so that two resolvers have their turn
// before that.
const (
	attemptTimeout = 2 * time.Second
	attempts       = 2
	// maxForwarded bounds the questions under way, and so the sockets and memory
	// that clients can make this process hold.
	maxForwarded = 1000
	// bufferSize is how long a UDP answer may be: short enough never to be cut
	// in pieces on the way.
	bufferSize = 1232
)

var (
	errNoResolver = errors.New("the machine has no resolver")
	errBusy       = errors.New("too many questions under way")
)

func newForwarder(servers func(time.Time) []string) *forwarder {
	return &forwarder{servers: servers, slots: make(chan struct{}, maxForwarded)}
}

// ask returns the first useful answer. The question goes to the resolver that
// answered last, and to the next one when it fails.
func (f *forwarder) ask(ctx context.Context, q *dns.Msg, network string) (*dns.Msg, error) {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	default:
		return nil, errBusy
	}
	servers := f.servers(time.Now())
	if len(servers) == 0 {
		return nil, errNoResolver
	}
	var last *dns.Msg
	var failure error
	start := f.preferred.Load()
	for i := range max(attempts, len(servers)) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		at := (start + uint32(i)) % uint32(len(servers))
		answer, err := exchange(ctx, q, network, servers[at])
		if err != nil {
			failure = err
			continue
		}
		last = answer
		if answer.Rcode != dns.RcodeServerFailure && answer.Rcode != dns.RcodeRefused {
			f.preferred.Store(at)
			return answer, nil
		}
	}
	if last != nil {
		return last, nil
	}
	return nil, failure
}

// exchange sends one question; an answer that did not fit into UDP is fetched
// again over TCP.
func exchange(ctx context.Context, q *dns.Msg, network, server string) (*dns.Msg, error) {
	question := new(dns.Msg)
	question.SetQuestion(q.Question[0].Name, q.Question[0].Qtype)
	question.Question[0].Qclass = q.Question[0].Qclass
	question.RecursionDesired = true
	question.CheckingDisabled = q.CheckingDisabled
	opt := q.IsEdns0()
	question.SetEdns0(bufferSize, opt != nil && opt.Do())
	client := &dns.Client{Net: network, Timeout: attemptTimeout, UDPSize: bufferSize}
	answer, _, err := client.ExchangeContext(ctx, question, server)
	if err == nil && answer.Truncated && network == "udp" {
		client.Net = "tcp"
		answer, _, err = client.ExchangeContext(ctx, question, server)
	}
	return answer, err
}
