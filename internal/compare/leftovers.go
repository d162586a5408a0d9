package compare

import (
	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// Leftovers are the UIDs of host1 messages that are not tied, and of host2 messages
// that are free: a server may have changed what the key is made of. Either is empty
// when there is nothing to look for on the other side.
func (w *Work) Leftovers() (src, dst []imap.UID) {
	for i := range w.in.Src.Recs {
		if r := &w.in.Src.Recs[i]; w.ofSrc[i] == none && r.Is(listing.HasKey) && !r.Is(listing.Report) {
			src = append(src, r.UID)
		}
	}
	if len(src) == 0 {
		return nil, nil
	}
	for i := range w.in.Dst.Recs {
		if r := &w.in.Dst.Recs[i]; w.left(i) && !r.Is(listing.Report) {
			dst = append(dst, r.UID)
		}
	}
	if len(dst) == 0 {
		return nil, nil
	}
	return src, dst
}

// left reports whether a host2 record may be looked at as a leftover.
func (w *Work) left(d int) bool {
	if w.double[d] {
		return false
	}
	otherWay := w.in.OtherWay != nil && w.in.OtherWay(&w.in.Dst.Recs[d])
	switch w.ofDst[d] {
	case none:
		return true
	case other:
		return w.in.Rekeys || otherWay
	case gone:
		return w.in.Labels || otherWay
	}
	return false
}

// Candidates makes groups of leftovers that may be one message: those with equal
// Date, From and Subject, as the digests of both sides tell, and then those with an
// equal INTERNALDATE (row 11).
func (w *Work) Candidates(src, dst map[imap.UID]identity.Digest) {
	akin := make(map[identity.Digest]*group)
	dated := make(map[int64]*group)
	for i := range w.in.Dst.Recs {
		r := &w.in.Dst.Recs[i]
		if !w.left(i) || r.Is(listing.Report) {
			continue
		}
		if key, ok := dst[r.UID]; ok {
			add2(akin, key, int32(i), group{akin: true})
		}
		if r.Is(listing.HasDate) {
			add2(dated, r.Date, int32(i), group{dated: true})
		}
	}
	var first, then []*group
	for i := range w.in.Src.Recs {
		r := &w.in.Src.Recs[i]
		if w.ofSrc[i] != none || !r.Is(listing.HasKey) || r.Is(listing.Report) {
			continue
		}
		if key, ok := src[r.UID]; ok {
			first = add1(first, akin[key], int32(i))
		}
		if r.Is(listing.HasDate) {
			then = add1(then, dated[r.Date], int32(i))
		}
	}
	w.groups = append(w.groups, append(first, then...)...)
}

func add2[K comparable](m map[K]*group, key K, d int32, kind group) {
	g := m[key]
	if g == nil {
		g = &kind
		m[key] = g
	}
	g.dst = append(g.dst, d)
}

// add1 adds s to g, and g to the list when it is the first.
func add1(list []*group, g *group, s int32) []*group {
	if g == nil {
		return list
	}
	if g.src = append(g.src, s); len(g.src) == 1 {
		list = append(list, g)
	}
	return list
}
