package perlre

import "math/bits"

// byteSet is a set of byte values. Subjects are byte strings, so every
// character class of Perl, whatever its spelling, ends as one of these.
type byteSet [4]uint64

func (s *byteSet) add(b byte)      { s[b>>6] |= 1 << (b & 63) }
func (s *byteSet) has(b byte) bool { return s[b>>6]&(1<<(b&63)) != 0 }

// addRange adds lo..hi, both included.
func (s *byteSet) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func (s *byteSet) addSet(t byteSet) {
	for i := range s {
		s[i] |= t[i]
	}
}

func (s byteSet) negated() byteSet {
	for i := range s {
		s[i] = ^s[i]
	}
	return s
}

func (s byteSet) len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// single returns the only member of a set of one.
func (s byteSet) single() (byte, bool) {
	if s.len() != 1 {
		return 0, false
	}
	for i, w := range s {
		if w != 0 {
			return byte(i*64 + bits.TrailingZeros64(w)), true
		}
	}
	return 0, false
}

// folded returns the set with the other case of every letter added. Only ASCII
// letters have a case unless latin1 is true: that is Perl's rule for byte
// strings without the u or a modifier.
func (s byteSet) folded(latin1 bool) byteSet {
	out := s
	for c := 0; c < 256; c++ {
		if s.has(byte(c)) {
			if o, ok := otherCase(byte(c), latin1); ok {
				out.add(o)
			}
		}
	}
	return out
}

// otherCase returns the other case of a letter.
func otherCase(c byte, latin1 bool) (byte, bool) {
	switch {
	case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
		return c ^ 0x20, true
	case latin1 && c >= 0xC0 && c != 0xD7 && c != 0xF7 && c != 0xDF && c != 0xFF:
		return c ^ 0x20, true
	}
	return 0, false
}

// setOf builds a set from pairs of bounds: setOf("az09") holds a-z and 0-9.
func setOf(pairs string) byteSet {
	var s byteSet
	for i := 0; i+1 < len(pairs); i += 2 {
		s.addRange(pairs[i], pairs[i+1])
	}
	return s
}
