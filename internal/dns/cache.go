package dns

import (
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// answerCache keeps answers from outside for a while. The cluster's own names
// are not in it: looking them up is as quick.
type answerCache struct {
	mu      sync.Mutex
	entries map[cacheKey]cacheEntry
}

type cacheKey struct {
	name          string // in lower case
	qtype, qclass uint16
	dnssec        bool
}

type cacheEntry struct {
	answer *dns.Msg // never changed once it is here
	since  time.Time
	until  time.Time
}

const (
	maxAnswers = 2048
	maxKept    = 30 * time.Second
)

func newAnswerCache() *answerCache { return &answerCache{entries: map[cacheKey]cacheEntry{}} }

func keyOf(q *dns.Msg) cacheKey {
	opt := q.IsEdns0()
	question := q.Question[0]
	return cacheKey{strings.ToLower(question.Name), question.Qtype, question.Qclass, opt != nil && opt.Do()}
}

// get returns an answer whose times to live are what is left of them, or nil.
func (c *answerCache) get(key cacheKey, now time.Time) *dns.Msg {
	c.mu.Lock()
	e, ok := c.entries[key]
	if ok && !now.Before(e.until) {
		delete(c.entries, key)
		ok = false
	}
	c.mu.Unlock()
	if !ok {
		return nil
	}
	answer := e.answer.Copy()
	age := uint32(now.Sub(e.since) / time.Second)
	for _, section := range [][]dns.RR{answer.Answer, answer.Ns, answer.Extra} {
		for _, r := range section {
			if r.Header().Rrtype != dns.TypeOPT {
				r.Header().Ttl -= min(age, r.Header().Ttl)
			}
		}
	}
	return answer
}

// put keeps an answer for as long as it says, within bounds. When the cache is
// full, some other answer makes room: which one matters little at such times.
func (c *answerCache) put(key cacheKey, answer *dns.Msg, now time.Time) {
	keep := lifetime(answer)
	if keep == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxAnswers {
		for old := range c.entries {
			delete(c.entries, old)
			break
		}
	}
	c.entries[key] = cacheEntry{answer, now, now.Add(keep)}
}

// lifetime is the least of the records' times to live; without records, what
// the zone says about names that do not exist (RFC 2308). Failures and answers
// cut short are not kept.
func lifetime(answer *dns.Msg) time.Duration {
	if answer.Truncated || (answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError) {
		return 0
	}
	least := uint32(maxKept / time.Second)
	for _, r := range answer.Answer {
		least = min(least, r.Header().Ttl)
	}
	if len(answer.Answer) > 0 {
		return time.Duration(least) * time.Second
	}
	for _, r := range answer.Ns {
		if soa, ok := r.(*dns.SOA); ok {
			return time.Duration(min(least, soa.Minttl, soa.Hdr.Ttl)) * time.Second
		}
	}
	return 0
}
