package dns

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/miekg/dns"
)

// resolver answers any question: from the zone, the cache, or the machine's
// resolvers.
type resolver struct {
	zone    *zone
	synced  func() bool // whether the zone has seen the API yet
	forward *forwarder
	cache   *answerCache
	now     func() time.Time
	log     *slog.Logger
}

// maxAliases is how many aliases are followed from one name to the next.
const maxAliases = 8

// resolve returns a complete answer to the question.
func (r *resolver) resolve(ctx context.Context, q *dns.Msg, network string) *dns.Msg {
	if refused := refuse(q); refused != nil {
		return refused
	}
	question := q.Question[0]
	if r.zone.has(question.Name) {
		return r.fromZone(ctx, q, network, r.zone.answer)
	}
	if _, reverse := reverseAddress(question.Name); reverse && r.synced() {
		if found, own := r.zone.reverse(question); own {
			return r.fromZone(ctx, q, network, func(dns.Question) reply { return found })
		}
	}
	return r.outside(ctx, q, network)
}

// refuse answers what is no question to a resolver; nil means that it is one.
func refuse(q *dns.Msg) *dns.Msg {
	m := new(dns.Msg)
	switch {
	case q.Opcode != dns.OpcodeQuery:
		return m.SetRcode(q, dns.RcodeNotImplemented)
	case len(q.Question) != 1:
		return m.SetRcodeFormatError(q)
	case q.Question[0].Qclass != dns.ClassINET, q.Question[0].Qtype == dns.TypeAXFR, q.Question[0].Qtype == dns.TypeIXFR:
		return m.SetRcode(q, dns.RcodeRefused)
	}
	if opt := q.IsEdns0(); opt != nil && opt.Version() != 0 {
		return m.SetRcode(q, dns.RcodeBadVers)
	}
	return nil
}

// fromZone makes the message of a reply. Until the API was read, whether a name
// exists is not known, and the client should ask again.
func (r *resolver) fromZone(ctx context.Context, q *dns.Msg, network string, lookup func(dns.Question) reply) *dns.Msg {
	m := new(dns.Msg).SetReply(q)
	m.RecursionAvailable = true
	if !r.synced() {
		m.Rcode = dns.RcodeServerFailure
		return m
	}
	m.Authoritative = true
	found := lookup(q.Question[0])
	m.Rcode, m.Answer, m.Extra = found.rcode, found.answers, found.extra
	switch {
	case found.alias != "":
		m.Answer = append(m.Answer, r.follow(ctx, q, network, found.alias, maxAliases)...)
	case len(m.Answer) == 0:
		m.Ns = []dns.RR{r.zone.soa()}
	default: // clients mostly take the first address
		rand.Shuffle(len(m.Answer), func(i, j int) { m.Answer[i], m.Answer[j] = m.Answer[j], m.Answer[i] })
	}
	return m
}

// follow looks up what an alias stands for. If that fails, the alias alone is
// still an answer.
func (r *resolver) follow(ctx context.Context, q *dns.Msg, network, target string, left int) []dns.RR {
	if left == 0 {
		return nil
	}
	question := q.Question[0]
	question.Name = target
	if r.zone.has(target) {
		found := r.zone.answer(question)
		if found.alias != "" {
			return append(found.answers, r.follow(ctx, q, network, found.alias, left-1)...)
		}
		return found.answers
	}
	next := q.Copy()
	next.Question = []dns.Question{question}
	return r.outside(ctx, next, network).Answer
}

// outside asks the machine's resolvers, or remembers what they said.
func (r *resolver) outside(ctx context.Context, q *dns.Msg, network string) *dns.Msg {
	key := keyOf(q)
	answer := r.cache.get(key, r.now())
	if answer == nil {
		var err error
		if answer, err = r.forward.ask(ctx, q, network); err != nil {
			r.log.Debug("name not resolved", "name", q.Question[0].Name, "error", err)
			return new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)
		}
		r.cache.put(key, answer.Copy(), r.now())
	}
	m := new(dns.Msg).SetReply(q)
	m.Rcode, m.AuthenticatedData, m.RecursionAvailable = answer.Rcode, answer.AuthenticatedData, true
	m.Answer, m.Ns, m.Extra = answer.Answer, answer.Ns, withoutOPT(answer.Extra)
	return m
}

// withoutOPT drops what the resolver said about its own messages.
func withoutOPT(records []dns.RR) []dns.RR {
	var kept []dns.RR
	for _, r := range records {
		if r.Header().Rrtype != dns.TypeOPT {
			kept = append(kept, r)
		}
	}
	return kept
}

// fit makes the answer as short as the client can take: over UDP what it said,
// but no more than passes undivided, or 512 bytes. An answer cut short says so,
// and the client asks over TCP.
func fit(q, answer *dns.Msg, network string) {
	size := dns.MaxMsgSize
	opt := q.IsEdns0()
	if network == "udp" {
		size = dns.MinMsgSize
		if opt != nil {
			size = min(max(int(opt.UDPSize()), dns.MinMsgSize), bufferSize)
		}
	}
	if opt != nil {
		answer.SetEdns0(bufferSize, opt.Do())
	}
	answer.Truncate(size)
}
