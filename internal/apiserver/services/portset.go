package services

import (
	"fmt"
	"math/big"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
)

// portSet is the node ports that are taken, as a RangeAllocation has them: a
// number of which bit i stands for port first+i.
type portSet struct {
	first, last int
	bits        big.Int
	changed     bool
	revision    int64 // at which it was read
}

// decodePorts reads a RangeAllocation; nil is an empty one. One of another
// range, as it is after the flag was changed, keeps what both ranges have.
func decodePorts(o *corev1.RangeAllocation, first, last int) *portSet {
	s := &portSet{first: first, last: last}
	if o == nil {
		return s
	}
	var was, end int
	if n, _ := fmt.Sscanf(o.Range, "%d-%d", &was, &end); n != 2 {
		was = first
	}
	var all big.Int
	all.SetBytes(o.Data)
	for i := range all.BitLen() {
		if port := was + i; all.Bit(i) == 1 && s.inRange(port) {
			s.bits.SetBit(&s.bits, port-first, 1)
		}
	}
	return s
}

// encode writes the set into a RangeAllocation.
func (s *portSet) encode(o *corev1.RangeAllocation) {
	o.Range, o.Data = fmt.Sprintf("%d-%d", s.first, s.last), s.bits.Bytes()
}

func (s *portSet) inRange(port int) bool { return port >= s.first && port <= s.last }

func (s *portSet) has(port int) bool { return s.inRange(port) && s.bits.Bit(port-s.first) == 1 }

func (s *portSet) set(port int, taken uint) {
	if s.inRange(port) && s.bits.Bit(port-s.first) != taken {
		s.bits.SetBit(&s.bits, port-s.first, taken)
		s.changed = true
	}
}

// take takes a port, and says why it cannot.
func (s *portSet) take(port int) error {
	switch {
	case !s.inRange(port):
		return fmt.Errorf("provided port is not in the valid range. The range of valid ports is %d-%d", s.first, s.last)
	case s.has(port):
		return errPortAllocated
	}
	s.set(port, 1)
	return nil
}

// any takes some port: above the static band, and in it when there is none.
func (s *portSet) any() (int, error) {
	size := s.last - s.first + 1
	static := int(band(uint64(size), 32, 16, 128))
	for _, part := range [][2]int{{static, size}, {0, static}} {
		from, n := part[0], part[1]-part[0]
		if n <= 0 {
			continue
		}
		start := rand.IntN(n)
		for i := range n {
			if port := s.first + from + (start+i)%n; !s.has(port) {
				s.set(port, 1)
				return port, nil
			}
		}
	}
	return 0, errFull
}

// ports lists the set.
func (s *portSet) ports() (out []int) {
	for i := range s.bits.BitLen() {
		if s.bits.Bit(i) == 1 {
			out = append(out, s.first+i)
		}
	}
	return out
}
