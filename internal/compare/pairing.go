package compare

import (
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// Pairing is the outcome of holding one folder's two listings against each
// other. The numbers are indexes into the listings' records.
type Pairing struct {
	// Missing: on host1, chosen, identified, not on host2, the best of its equals.
	Missing []int32
	// Present: on both sides, chosen.
	Present []Match
	// Repeated1 are host1 messages equal to one that is present or missing; Dst of
	// the match is the host2 message that stands for both, or -1: then it is missing,
	// too, see First.
	Repeated1 []Match
	// First leads from a message of Repeated1 that is missing to the one of Missing
	// that is copied for it.
	First map[int32]int32
	// Bound are host1 messages of which an equal one is in doubt: they are not to be
	// deleted before that one is on host2 for certain.
	Bound map[int32]bool
	// Repeated2 are host2 messages with the key of another one; Doubles those of
	// them that are equal to one that has a counterpart.
	Repeated2, Doubles []int32
	// Unlike counts host2 messages with the key and the body of another one whose
	// headers differ, so that they are no duplicates for certain.
	Unlike int64
	// Extra: on host2, chosen, identified, of no host1 message of this folder.
	Extra []int32
	// Nameless1 and Nameless2 have no identity at all.
	Nameless1, Nameless2 []int32
	// Distinct counts host1 messages with the key of another one and another content.
	Distinct int
	// Alike counts host1 messages that are missing though a message of host2 has their
	// key: it is another one for certain.
	Alike int
	// Doubtful counts the messages of Present whose key is on host2 with another
	// content, Likely those told by the order alone.
	Doubtful, Likely int
}

// Match is one message found on both sides.
type Match struct {
	Src, Dst int32
	Trust    Trust
	// Shared: the host2 message is the copy of another host1 folder's message that is
	// equal.
	Shared bool
}

// Finish returns the outcome. It marks repeated messages in both listings with
// listing.Duplicate. Linear in the number of messages.
func (w *Work) Finish() Pairing {
	p := Pairing{Bound: w.bound}
	w.tieUnread()
	w.finishSrc(&p)
	w.finishDst(&p)
	return p
}

func (w *Work) finishSrc(p *Pairing) {
	for i := range w.in.Src.Recs {
		r := &w.in.Src.Recs[i]
		s := int32(i)
		r.Bits &^= listing.Duplicate
		switch {
		case !r.Is(listing.HasKey):
			if !r.Is(listing.Outside) {
				p.Nameless1 = append(p.Nameless1, s)
			}
		case w.ofSrc[i] >= 0:
			m := Match{s, w.ofSrc[i], w.trust[i], w.ofDst[w.ofSrc[i]] == other && !w.foreign[w.ofSrc[i]]}
			if w.repeated[i] {
				r.Bits |= listing.Duplicate
			}
			switch {
			case r.Is(listing.Outside):
			case w.repeated[i]:
				p.Repeated1 = append(p.Repeated1, m)
			default:
				p.Present = append(p.Present, m)
				switch m.Trust {
				case Doubtful:
					p.Doubtful++
				case Likely:
					p.Likely++
				}
			}
		case r.Is(listing.Outside):
		case !w.standsBack(s):
			p.Missing = append(p.Missing, s)
		default:
			if p.First == nil {
				p.First = make(map[int32]int32)
			}
			p.First[s] = w.equal[s]
			r.Bits |= listing.Duplicate
			p.Repeated1 = append(p.Repeated1, Match{s, none, Untied, false})
		}
	}
}

// standsBack reports whether another host1 message that is missing as well is copied
// for s.
func (w *Work) standsBack(s int32) bool {
	first, ok := w.equal[s]
	return ok && w.ofSrc[first] == none
}

// keysOfBoth are the keys of free host2 records that some host1 record has, too: their
// surplus is a matter of duplicates.
func (w *Work) keysOfBoth() map[identity.Key]bool {
	keys := make(map[identity.Key]bool)
	for i := range w.in.Dst.Recs {
		if r := &w.in.Dst.Recs[i]; w.ofDst[i] == none && r.Is(listing.HasKey) {
			keys[r.Key] = false
		}
	}
	if len(keys) == 0 {
		return nil
	}
	for i := range w.in.Src.Recs {
		if r := &w.in.Src.Recs[i]; r.Is(listing.HasKey) {
			if _, ok := keys[r.Key]; ok {
				keys[r.Key] = true
			}
		}
	}
	return keys
}

func (w *Work) finishDst(p *Pairing) {
	keyed := make(map[identity.Key]bool, len(w.in.Dst.Recs))
	onSrc := w.keysOfBoth()
	unchosen := make(map[identity.Key]bool) // of host1 messages that have no copy and get none
	for i := range w.in.Src.Recs {
		if r := &w.in.Src.Recs[i]; len(w.in.Dst.Recs) > 0 && w.ofSrc[i] == none && r.Is(listing.HasKey) && r.Is(listing.Outside) {
			unchosen[r.Key] = true
		}
	}
	for i := range w.in.Dst.Recs {
		r := &w.in.Dst.Recs[i]
		d := int32(i)
		r.Bits &^= listing.Duplicate
		if !r.Is(listing.HasKey) {
			if !r.Is(listing.Outside) {
				p.Nameless2 = append(p.Nameless2, d)
			}
			continue
		}
		repeated := keyed[r.Key] && w.ofDst[i] < 0
		keyed[r.Key] = true
		if repeated {
			r.Bits |= listing.Duplicate
		}
		if r.Is(listing.Outside) {
			continue
		}
		if repeated {
			p.Repeated2 = append(p.Repeated2, d)
		}
		if w.double[i] {
			p.Doubles = append(p.Doubles, d)
		} else if w.unlike[i] && w.ofDst[i] == none {
			p.Unlike++
		}
		switch {
		case w.ofDst[i] >= 0, w.ofDst[i] == other, w.undecided[i]:
		case unchosen[r.Key]: // it may be an older version of that one
		case w.ofDst[i] == gone, !onSrc[r.Key], w.in.OneToOne:
			p.Extra = append(p.Extra, d)
		}
	}
	p.Distinct, p.Alike = w.distinct, w.alike
	if w.in.OneToOne {
		p.Doubles, p.Unlike = nil, 0 // each is wanted, or is extra
	}
}
