package compare

import (
	"cmp"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
)

// A server that changes what the key is made of and adds a footer, too, leaves nothing of a
// message that is equal. Without a journal nothing tells what it has made of what, and each
// run would copy it all once more. What is left to see is a body that begins with the whole
// body of the message, under a header that a server may have made of its header. It need not
// be the copy: it may be that of a longer version. So the message counts as present in doubt,
// as one of which the key is there with another body (row 8). With --delete1 it is copied, and
// leaves host1 then: no run after it copies it again.

// Lengthened returns, by UIDs of host1 messages that are tied to nothing, those of host2
// messages that may be they with something behind. Their bodies have to tell. c is what Ask
// asked for.
func (w *Work) Lengthened(c Contents, h *habits.Habits) map[imap.UID][]imap.UID {
	out := make(map[imap.UID][]imap.UID)
	if h.KeepsBytes() || w.in.Deletes1 {
		return nil
	}
	w.eachAsked(func(g *group) {
		if !g.akin {
			return
		}
		for _, s := range g.src {
			uid := w.in.Src.Recs[s].UID
			a := c.Src[uid]
			if a == nil || w.ofSrc[s] != none || w.in.SizesUnknown {
				continue
			}
			for _, d := range g.dst[:min(len(g.dst), maxRivals)] {
				uid2 := w.in.Dst.Recs[d].UID
				if b := c.Dst[uid2]; b != nil && w.ofDst[d] == none && a.Body != b.Body && a.Compatible(b) && habits.MayBeRewritten(a, b) {
					out[uid] = append(out[uid], uid2)
				}
			}
		}
	})
	return out
}

// lengthened ties classes to what begins with them: the longest first, since what begins with
// a long version of a message begins with a short one, too.
func (v *verdict) lengthened() {
	w := v.w
	if v.c.Longer == nil || !v.g.akin {
		return
	}
	var open []*class
	for _, c := range v.classes {
		if c.tied == none && c.content != nil {
			open = append(open, c)
		}
	}
	slices.SortStableFunc(open, func(a, b *class) int { return cmp.Compare(b.content.Size, a.content.Size) })
	for _, c := range open {
		s, found := c.members[0], none
		for _, d := range v.g.dst[:min(len(v.g.dst), maxRivals)] {
			if w.ofDst[d] != none || v.of(2, d) == nil || w.goes(s, d, Doubtful) || !v.c.Longer(w.in.Src.Recs[s].UID, w.in.Dst.Recs[d].UID) {
				continue
			}
			if found == none || v.of(2, d).Size < v.of(2, found).Size {
				found = d
			}
		}
		if found != none {
			v.tie(c, found, Doubtful)
		}
	}
}
