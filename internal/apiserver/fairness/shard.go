package fairness

// Constants of the 64-bit FNV-1a hash.
const (
	hashStart = 14695981039346656037
	hashPrime = 1099511628211
)

// hashSchema begins to name the flows of a FlowSchema by numbers. The seed
// keeps those who choose their names from choosing whose queues they share.
func hashSchema(seed uint64, name string) uint64 {
	return (hashText(hashStart^seed, name) ^ 0xff) * hashPrime
}

// hashFlow names one of them.
func hashFlow(schema uint64, distinguisher string) uint64 {
	h := hashText(schema, distinguisher)
	h ^= h >> 33 // every bit is to depend on all of the text
	h *= 0xff51afd7ed558ccd
	return h ^ h>>33
}

func hashText(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * hashPrime
	}
	return h
}

// deal draws len(hand) different cards of a deck, which the hash chooses: all
// hands are equally likely as long as the hash has more bits than there are
// hands to tell apart. sorted is room for as many cards.
func deal(hash uint64, deck int, hand, sorted []int) {
	for i := range hand {
		left := uint64(deck - i)
		card := int(hash % left)
		hash /= left
		// It is the place among the cards that are left: skip those drawn.
		at := 0
		for ; at < i && card >= sorted[at]; at++ {
			card++
		}
		copy(sorted[at+1:i+1], sorted[at:i])
		sorted[at] = card
		hand[i] = card
	}
}
