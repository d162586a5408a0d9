package compare

import (
	"slices"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// Claim says whom a host2 message belongs to.
type Claim uint8

const (
	// Free: to nobody that is known.
	Free Claim = iota
	// Gone: to a host1 message of this folder that has left host1 since.
	Gone
	// Other: to a message of another host1 folder that is mapped to the same host2
	// folder.
	Other
	// Foreign: to a message of another account's.
	Foreign
)

// Input is what is known of a folder pair. Indexes are those of the listings'
// records.
type Input struct {
	Src, Dst *listing.Listing
	// Known is the host2 record that a host1 record is tied to, -1 for none; nil for
	// none at all.
	Known []int32
	// Claims are those of host2's records; nil: all are free.
	Claims []Claim
	// Cut reports whether a host2 record is known to hold only a part of the message
	// that it is tied to: it stands for that one alone, and never for its equals. nil:
	// none is.
	Cut func(d *listing.Record) bool
	// KeyOf tells by which key host1 knows the message that a host2 record belongs to:
	// servers change what the key is made of. nil: none is known.
	KeyOf func(d *listing.Record) (identity.Key, bool)
	// Twin reports whether something else than s may be what became d, though both have one
	// key and nothing else has it here: a message of another host1 folder that goes to the
	// same place. Then the contents decide. nil: nothing may.
	Twin func(s, d *listing.Record) bool
	// OneToOne: each of several equal messages needs a counterpart of its own
	// (--syncduplicates).
	OneToOne bool
	// Deletes1: messages leave host1 once they were copied (--delete1). What one that is
	// gone has left on host2 is, with OneToOne, no proof that an equal one is there, too.
	Deletes1 bool
	// Strict: contents decide wherever a key stands more than once on host2, also of
	// messages that are changed on their way.
	Strict bool
	// SizesAgree reports whether d has the size that s would have on host2;
	// SizesUnknown: it always says so, since messages are changed on their way.
	SizesAgree   func(s, d *listing.Record) bool
	SizesUnknown bool
	// Doubles has host2 messages with one key be held against each other, whether or
	// not host1 has it.
	Doubles bool
	// Rekeys: messages are cut on their way, or get a Message-Id, so that those that
	// others became may have another key than their equals.
	Rekeys bool
	// Labels: messages get a Message-Id made of their UID, so that one which left host1
	// and came back has another key.
	Labels bool
	// OtherWay reports whether a host2 record was stored by a run that identified
	// messages in another way, so that its key may be another one now. nil: none was.
	OtherWay func(d *listing.Record) bool
	// Goes reports whether a host2 record is deleted in the end whether or not it is
	// the copy of s (--expunge2), so that it is none; certain: it is known to be that.
	// nil: none is.
	Goes func(s, d *listing.Record, certain bool) bool
	// Undecided reports whether an earlier run knew a host1 record and could not tell
	// whether host2 has it: what was learned of host2 since decides nothing about it, so
	// that what one run counts as present is not copied by the next. nil: of none.
	Undecided func(s *listing.Record) bool
	// Marked reports whether a record of a side (1 or 2) is marked \Deleted: one that
	// is not stands for its equals rather than one that is. nil: none is.
	Marked func(side int, r *listing.Record) bool
}

// Work is a comparison under way.
type Work struct {
	in Input
	// ofSrc is the host2 record of each host1 record, or none, or missing.
	ofSrc []int32
	// trust is how a host1 record was tied.
	trust []Trust
	// ofDst is the host1 record that stands for each host2 record, or a claim.
	ofDst []int32
	// double marks host2 records that are equal to one that has a counterpart; unlike
	// those that have the key and the body of another one, and other header lines.
	double, unlike []bool
	// part marks host2 records that are known to be parts of host1 messages.
	part map[int32]bool
	// foreign marks host2 records that belong to another account's messages.
	foreign []bool
	// undecided marks host2 records that may be the copy of some host1 message.
	undecided []bool
	// repeated marks host1 records for which another one stands; equal leads from one
	// that is missing to the one that is copied for it.
	repeated []bool
	equal    map[int32]int32
	// sharers are the host1 records that stand for a host2 record which a message of
	// another folder became.
	sharers map[int32]int32

	groups []*group // whose contents are to be read
	// bound marks host1 records that are equal to one in doubt, see keepEquals.
	bound map[int32]bool
	// distinct counts host1 records with the key of another one and another content.
	distinct int
	// alike counts host1 records that are copied though a free host2 record has their key.
	alike int
}

// Trust says how certain it is that a host1 message is on host2.
type Trust uint8

const (
	// Untied: it is not.
	Untied Trust = iota
	// Doubtful: its key is there, with another content or an unknown one.
	Doubtful
	// Likely: a message is there that is told by the order alone.
	Likely
	// Certain: it was stored, or found equal, or its key stands once on both sides
	// and the sizes agree.
	Certain
)

const (
	none  = int32(-1)
	gone  = int32(-2)
	other = int32(-3)
)

// group are messages that may be one.
type group struct {
	src, dst []int32
	// akin: the messages have Date, From and Subject in common, not the key; dated:
	// only the date.
	akin, dated bool
}

// Begin ties what is known and what the key alone decides. What is left is in groups
// whose contents have to be read.
func Begin(in Input) *Work {
	w := begin(in)
	w.byKey()
	return w
}

// begin ties what is known.
func begin(in Input) *Work {
	w := &Work{
		in: in, ofSrc: filled(len(in.Src.Recs), none), ofDst: filled(len(in.Dst.Recs), none),
		trust: make([]Trust, len(in.Src.Recs)), repeated: make([]bool, len(in.Src.Recs)),
		double: make([]bool, len(in.Dst.Recs)), unlike: make([]bool, len(in.Dst.Recs)), foreign: make([]bool, len(in.Dst.Recs)), undecided: make([]bool, len(in.Dst.Recs)),
		equal: make(map[int32]int32), sharers: make(map[int32]int32), part: make(map[int32]bool),
	}
	for i, c := range in.Claims {
		switch c {
		case Gone:
			w.ofDst[i] = gone
		case Other, Foreign:
			w.ofDst[i] = other
			w.foreign[i] = c == Foreign
		}
	}
	w.tieKnown()
	return w
}

func filled(n int, v int32) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = v
	}
	return s
}

// tieKnown ties the pairs that were made before (row 1). Equal host1 messages share
// one host2 message; the best of them stands for it.
func (w *Work) tieKnown() {
	for s, d := range w.in.Known {
		if d == none || w.in.OneToOne && w.ofDst[d] >= 0 || w.goes(int32(s), d, Certain) {
			continue
		}
		w.tie(int32(s), d, Certain)
	}
}

// tie ties s to d. If d has a counterpart already, the two are equal, and the better
// one stands for both.
func (w *Work) tie(s, d int32, trust Trust) {
	w.ofSrc[s], w.trust[s] = d, trust
	first := w.ofDst[d]
	if first == other { // it stays the other folder's
		if _, shared := w.sharers[d]; shared {
			first = w.sharers[d]
		} else {
			w.sharers[d] = s
			return
		}
	}
	if first < 0 {
		w.ofDst[d] = s
		return
	}
	if first == s {
		return
	}
	if w.better(s, first) {
		if w.ofDst[d] == other {
			w.sharers[d] = s
		} else {
			w.ofDst[d] = s
		}
		w.repeated[first], w.repeated[s] = true, false
		return
	}
	w.repeated[s] = true
}

// goes reports whether d is deleted in the end, and no copy of s therefore.
func (w *Work) goes(s, d int32, trust Trust) bool {
	return w.in.Goes != nil && w.in.Goes(&w.in.Src.Recs[s], &w.in.Dst.Recs[d], trust == Certain)
}

// better reports whether a should stand for its equals rather than b: one inside the
// selection before one outside, one that is not marked \Deleted before one that is.
func (w *Work) better(a, b int32) bool {
	ra, rb := &w.in.Src.Recs[a], &w.in.Src.Recs[b]
	if ra.Is(listing.Outside) != rb.Is(listing.Outside) {
		return rb.Is(listing.Outside)
	}
	return !w.marked(1, ra) && w.marked(1, rb)
}

func (w *Work) marked(side int, r *listing.Record) bool {
	return w.in.Marked != nil && w.in.Marked(side, r)
}

// byKey looks at the messages with each key that is not tied yet.
func (w *Work) byKey() {
	src, dst := w.in.Src.Recs, w.in.Dst.Recs
	open := func(i int) bool { return w.ofSrc[i] == none && src[i].Is(listing.HasKey) }
	keys := len(src)
	if w.in.Doubles {
		keys += len(dst)
	}
	x := newKeyIndex(src, dst, keys)
	// From the last to the first, since each comes before those with its key that are there:
	// in a group tied ones of the same key come last.
	for i := range slices.Backward(src) {
		if w.ofSrc[i] != none && src[i].Is(listing.HasKey) {
			x.addSrc(i)
		}
	}
	for i := range slices.Backward(src) {
		if open(i) {
			x.addSrc(i)
		}
	}
	doubles, order := w.doubleKeys(x)
	isOpen := func(s *keySlot) bool {
		return s.src > 0 && w.ofSrc[s.src-1] == none || doubles[s]
	}
	for i := range slices.Backward(dst) {
		s := x.find(dst[i].Key)
		if !dst[i].Is(listing.HasKey) || !isOpen(s) {
			key := w.sentAs(i)
			if key.IsZero() {
				continue
			}
			s = x.find(key)
		}
		if isOpen(s) {
			x.addDst(s, i)
		}
	}
	var g group
	try := func(s *keySlot) {
		x.fill(&g, s)
		if !w.atSight(&g) {
			w.groups = append(w.groups, &group{src: slices.Clone(g.src), dst: slices.Clone(g.dst)})
		}
	}
	for i := range src {
		if x.next1[i] == 0 && len(dst) == 0 || !open(i) {
			continue // nothing to tie it to, by its key
		}
		if s := x.find(src[i].Key); int(s.src) == i+1 {
			try(s)
		}
	}
	for _, s := range order {
		try(s)
	}
}

// sentAs is the key by which host1 knows the message of another folder that a host2
// record belongs to, no key when that is not known.
func (w *Work) sentAs(d int) (k identity.Key) {
	if w.in.KeyOf != nil && w.ofDst[d] == other && !w.in.OneToOne {
		k, _ = w.in.KeyOf(&w.in.Dst.Recs[d])
	}
	return k
}

// doubleKeys are the keys that host2 has more than once and that no host1 record is to be
// found for, in host2's order, where they are wanted.
func (w *Work) doubleKeys(x *keyIndex) (doubles map[*keySlot]bool, order []*keySlot) {
	if !w.in.Doubles {
		return nil, nil
	}
	dst := w.in.Dst.Recs
	for i := range slices.Backward(dst) {
		if dst[i].Is(listing.HasKey) {
			s := x.find(dst[i].Key)
			if s.src == 0 {
				s.src = -int32(i + 1) //nolint:gosec // no more than there are UIDs
			}
			x.addDst(s, i)
		}
	}
	doubles = make(map[*keySlot]bool)
	for i := range dst {
		if !dst[i].Is(listing.HasKey) || w.ofDst[i] != none {
			continue
		}
		s := x.find(dst[i].Key)
		sought := s.src > 0 && w.ofSrc[s.src-1] == none
		if several := x.next2[s.dst-1] != 0; several && !sought && !doubles[s] {
			doubles[s] = true
			order = append(order, s)
		}
	}
	x.clearDst() // there is more to enter than what has these keys
	return doubles, order
}

// atSight decides about a group without its contents, if that can be.
func (w *Work) atSight(g *group) bool {
	if len(g.src) != 1 {
		return false
	}
	s := g.src[0]
	var free []int32
	for _, d := range g.dst {
		if w.ofDst[d] == none {
			free = append(free, d)
		}
	}
	switch {
	case len(g.dst) == 0:
		return true // nothing to tie it to, by its key
	case len(free) < len(g.dst), len(free) > 1 && w.in.Strict:
		return false
	}
	for _, d := range free {
		src, dst := &w.in.Src.Recs[s], &w.in.Dst.Recs[d]
		if w.in.Twin != nil && w.in.Twin(src, dst) {
			return false
		}
		same := src.Is(listing.ByContent) && dst.Is(listing.ByContent)
		// Which of several it is their contents tell, unless messages are changed on their way.
		sized := w.in.SizesAgree(src, dst) && (len(free) == 1 || w.in.SizesUnknown)
		if !same && !sized {
			continue
		}
		trust := Certain // row 5
		if !same && w.in.SizesUnknown {
			trust = Likely
		}
		if w.goes(s, d, trust) {
			continue
		}
		w.tie(s, d, trust)
		return true
	}
	return false
}
