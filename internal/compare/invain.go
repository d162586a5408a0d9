package compare

import (
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
)

// A server that cuts what it stores makes a part of a message each time it is sent. One part
// may be what is left of an interruption, and the message is copied (row 7). Two of about the
// same size are not: the message was sent before, and once more, in vain. It counts as
// present in doubt then, and stays on host1; a third part would say no more.

// partsNear is by how many bytes two parts of one message may differ: footers hold numbers.
const partsNear = 16

// SentInVain returns, by UIDs of host1 messages that are tied to nothing, those of host2
// messages that may be parts of them, where there are at least two of about the same size.
// Their bodies have to tell. c is what Ask asked for.
func (w *Work) SentInVain(c Contents) map[imap.UID][]imap.UID {
	out := make(map[imap.UID][]imap.UID)
	w.eachAsked(func(g *group) {
		for _, s := range g.src {
			uid := w.in.Src.Recs[s].UID
			a := c.Src[uid]
			if a == nil || w.ofSrc[s] != none || w.in.SizesUnknown {
				continue
			}
			var parts []imap.UID
			for _, d := range g.dst[:min(len(g.dst), maxRivals)] {
				uid2 := w.in.Dst.Recs[d].UID
				if b := c.Dst[uid2]; b != nil && w.ofDst[d] == none && mayBePart(a, b) {
					parts = append(parts, uid2)
				}
			}
			if parts = twice(parts, c.Dst); len(parts) > 1 && len(out[uid]) == 0 {
				out[uid] = parts
			}
		}
	})
	return out
}

// mayBePart reports whether nothing but its body can tell that d is no part of s.
func mayBePart(s, d *habits.Message) bool {
	return d.Body != s.Body && s.Compatible(d) && !s.OtherID(d) // lines of the header may have been added
}

// twice are those of the messages of which there is another one of about the same size.
func twice(uids []imap.UID, of map[imap.UID]*habits.Message) (out []imap.UID) {
	for _, uid := range uids {
		if slices.ContainsFunc(uids, func(other imap.UID) bool {
			less := of[uid].Size - of[other].Size
			return other != uid && -partsNear <= less && less <= partsNear
		}) {
			out = append(out, uid)
		}
	}
	return out
}

// inVain ties classes to parts of their messages, where these are several.
func (v *verdict) inVain() {
	w := v.w
	if v.c.Part == nil {
		return
	}
	for _, c := range v.classes {
		if c.tied != none || c.content == nil {
			continue
		}
		s := &w.in.Src.Recs[c.members[0]]
		var parts []imap.UID
		at := make(map[imap.UID]int32)
		for _, d := range v.g.dst[:min(len(v.g.dst), maxRivals)] {
			uid := w.in.Dst.Recs[d].UID
			if w.ofDst[d] == none && v.of(2, d) != nil && v.c.Part(s.UID, uid) {
				parts, at[uid] = append(parts, uid), d
			}
		}
		if parts = twice(parts, v.c.Dst); len(parts) < 2 {
			continue
		}
		v.tie(c, at[parts[0]], Doubtful)
		for _, uid := range parts {
			w.part[at[uid]] = true
		}
	}
}
