package compare

import (
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
)

// askAtOnce bounds how many contents are asked for together: what is kept of each
// takes about a kilobyte.
const askAtOnce = 5000

// Contents are what was read of messages, by UID. A message that could not be read
// is not among them.
type Contents struct {
	Src, Dst map[imap.UID]*habits.Message
	// Begins reports whether a host2 message is only the beginning of a host1 one, and
	// Sent whether it is the beginning that this run would send. nil: none is.
	Begins, Sent func(src, dst imap.UID) bool
	// Became are, by host2's UIDs, the messages of other host1 folders that these are
	// the copies of, as far as Sources asked for them and they are there.
	Became map[imap.UID]*habits.Message
	// Appended reports whether host2's is the copy of a message of another folder or
	// account that is equal to host1's, with something behind it. nil: none is.
	Appended func(src, dst imap.UID) bool
	// Part reports whether the body of host2's is only a beginning of the body of host1's, for
	// those that SentInVain named. nil: none is.
	Part func(src, dst imap.UID) bool
	// Longer reports whether the body of host2's begins with the whole body of host1's, for
	// those that Lengthened named. nil: none does.
	Longer func(src, dst imap.UID) bool
}

// Sources returns the UIDs of host2 messages that other host1 folders became, where it is
// open whether a message of this folder is equal to one of theirs: two of host1 can be
// held against each other whatever host2 made of the one. c is what Ask asked for.
func (w *Work) Sources(c Contents) (dst []imap.UID) {
	if w.in.OneToOne {
		return nil
	}
	w.eachAsked(func(g *group) {
		exact := make(map[identity.Digest]bool)
		for _, s := range g.src {
			if m := c.Src[w.in.Src.Recs[s].UID]; m != nil && w.ofSrc[s] == none {
				exact[m.Exact] = true
			}
		}
		if len(exact) == 0 {
			return
		}
		for _, d := range g.dst {
			uid := w.in.Dst.Recs[d].UID
			if m := c.Dst[uid]; w.ofDst[d] == other && (m == nil || !exact[m.Exact]) {
				dst = append(dst, uid)
			}
		}
	})
	slices.Sort(dst)
	return slices.Compact(dst)
}

// Grown returns pairs of UIDs of host1 and host2 of which the second may be the copy of an
// equal message of another folder or account, to whose body host2 has added something: it
// has all of the header, and is larger. c is what Ask asked for.
func (w *Work) Grown(c Contents, h *habits.Habits) (pairs [][2]imap.UID) {
	if w.in.OneToOne {
		return nil
	}
	w.eachAsked(func(g *group) {
		for _, s := range g.src[:min(len(g.src), maxRivals)] {
			for _, d := range g.dst[:min(len(g.dst), maxRivals)] {
				uid1, uid2 := w.in.Src.Recs[s].UID, w.in.Dst.Recs[d].UID
				a, b := c.Src[uid1], c.Dst[uid2]
				if w.ofSrc[s] == none && w.ofDst[d] == other && a != nil && b != nil && a.Body != b.Body && a.Size < b.Size && h.HoldsHeader(a, b) {
					pairs = append(pairs, [2]imap.UID{uid1, uid2})
				}
			}
		}
	})
	return pairs
}

// eachAsked calls do for the groups that Ask named, and returns how many these are.
func (w *Work) eachAsked(do func(*group)) (n int) {
	asked := 0
	for i, g := range w.groups {
		if i > 0 && asked+len(g.src)+len(g.dst) > askAtOnce {
			break
		}
		asked += len(g.src) + len(g.dst)
		n++
		do(g)
	}
	return n
}

// Ask returns the UIDs of the messages whose contents have to decide next; none when
// nothing is left to be read.
func (w *Work) Ask() (src, dst []imap.UID) {
	w.eachAsked(func(g *group) {
		for _, s := range g.src {
			src = append(src, w.in.Src.Recs[s].UID)
		}
		for _, d := range g.dst {
			dst = append(dst, w.in.Dst.Recs[d].UID)
		}
	})
	slices.Sort(src)
	slices.Sort(dst)
	return slices.Compact(src), slices.Compact(dst)
}

// maxRivals bounds of how many host2 messages it is asked whether they are only the
// beginning of one of host1.
const maxRivals = 16

// Rivals tells, for each host1 message that Ask named, the host2 messages that may be
// only its beginning.
func (w *Work) Rivals() map[imap.UID][]imap.UID {
	out := make(map[imap.UID][]imap.UID)
	w.eachAsked(func(g *group) {
		for _, s := range g.src {
			uid := w.in.Src.Recs[s].UID
			for _, d := range g.dst[:min(len(g.dst), maxRivals)] {
				out[uid] = append(out[uid], w.in.Dst.Recs[d].UID)
			}
		}
	})
	return out
}
