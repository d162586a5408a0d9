package compare

import "github.com/imaphaul/imaphaul/internal/listing"

// What host2 cannot read is there, whatever it is. It may be the copy of what would be
// copied, which would then come twice: so it counts as that, in doubt, where something
// speaks for it. A message in doubt is told, and stays on host1.

// tieUnread ties what would be copied to messages of host2 whose headers cannot be read:
// by date and size, and where these cannot be read either, by their place.
func (w *Work) tieUnread() {
	unread := make(map[int64][]int32)
	any := false
	for i := range w.in.Dst.Recs {
		r := &w.in.Dst.Recs[i]
		if !r.Is(listing.Unread) || w.ofDst[i] != none {
			continue
		}
		any = true
		if r.Is(listing.HasDate) && r.Size > 0 {
			unread[r.Date] = append(unread[r.Date], int32(i))
		}
	}
	if !any {
		return
	}
	if !w.in.SizesUnknown {
		w.tieByDate(unread)
	}
	w.tieByPlace()
}

// tieByDate takes messages by the date that host2 tells.
func (w *Work) tieByDate(unread map[int64][]int32) {
	for i := range w.in.Src.Recs {
		s, r := int32(i), &w.in.Src.Recs[i]
		if !w.wouldBeCopied(s) || !r.Is(listing.HasDate) {
			continue
		}
		same := unread[r.Date]
		for k, d := range same {
			if w.in.SizesAgree(r, &w.in.Dst.Recs[d]) {
				w.tie(s, d, Doubtful)
				unread[r.Date] = append(same[:k:k], same[k+1:]...)
				break
			}
		}
	}
}

// wouldBeCopied reports whether a host1 record is tied to nothing so far.
func (w *Work) wouldBeCopied(s int32) bool {
	r := &w.in.Src.Recs[s]
	return w.ofSrc[s] == none && r.Is(listing.HasKey) && !r.Is(listing.Outside) && !w.standsBack(s)
}

// tieByPlace takes messages by their place: copies were stored in the order of host1. It
// looks at the records between two of host2 that have a counterpart. As many messages
// have to be missing between the counterparts as cannot be read between the two, or
// fewer, or one alone to have the size; behind the last one more may be missing, since
// they came later. Without a neighbour that has a counterpart nothing speaks for it.
func (w *Work) tieByPlace() {
	before := none // the last host1 record that has a counterpart
	var gap []int32
	for i := range w.in.Dst.Recs {
		s := w.ofDst[i]
		switch {
		case s >= 0 && s > before:
			w.tieGap(gap, before, s, false)
			before, gap = s, nil
		case s >= 0:
			gap, before = nil, s // out of order
		case s == none && w.in.Dst.Recs[i].Is(listing.Unread):
			gap = append(gap, int32(i))
		}
	}
	if before != none {
		w.tieGap(gap, before, int32(len(w.in.Src.Recs)), true) //nolint:gosec // records are counted in 32 bits
	}
}

// tieGap ties records of host2 to those of host1 between two others.
func (w *Work) tieGap(gap []int32, after, until int32, last bool) {
	if len(gap) == 0 {
		return
	}
	var missing []int32
	for s := after + 1; s < until; s++ {
		if w.wouldBeCopied(s) {
			missing = append(missing, s)
		}
	}
	if len(missing) > len(gap) && !last {
		w.tieBySize(gap, missing)
		return
	}
	for _, s := range missing {
		for k, d := range gap {
			if w.mayBe(s, d) {
				w.tie(s, d, Doubtful)
				gap = gap[k+1:]
				break
			}
		}
	}
}

// tieBySize ties those of which the size is known, and is that of one message alone.
func (w *Work) tieBySize(gap, missing []int32) {
	for _, d := range gap {
		if w.in.Dst.Recs[d].Size == 0 || w.in.SizesUnknown {
			continue
		}
		only := none
		for _, s := range missing {
			switch {
			case w.ofSrc[s] != none || !w.mayBe(s, d):
			case only != none:
				only = gone
			default:
				only = s
			}
		}
		if only >= 0 {
			w.tie(only, d, Doubtful)
		}
	}
}

// mayBe reports whether nothing that is known of d speaks against its being s.
func (w *Work) mayBe(s, d int32) bool {
	a, b := &w.in.Src.Recs[s], &w.in.Dst.Recs[d]
	if a.Is(listing.HasDate) && b.Is(listing.HasDate) && a.Date != b.Date {
		return false
	}
	return b.Size == 0 || w.in.SizesUnknown || w.in.SizesAgree(a, b)
}
