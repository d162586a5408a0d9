package transfer

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/transform"
)

// change is something a message is sent without, or altered in, after the
// destination refused it.
type change uint8

const (
	dropKeywords change = 1 << iota
	dropDate
	fixNewlines
	stripNUL
	wrapLines
	wrapWhole
	endLine
	// sameAgain changes nothing: a refusal may pass by itself, and then nothing
	// need be left out.
	sameAgain
)

// rung is a place on the repair ladder.
type rung uint8

const rungNone rung = 0

// ladder lists what is tried, one rung after each refusal: the same once more,
// then every change alone, so that a message loses nothing it need not lose, then all of them.
// What alters the content is for those who allowed it (--repair); line ends are
// not content: RFC 5322 knows CRLF only.
var ladder = []struct {
	changes change
	needs   change // 0: always allowed
}{
	1:  {changes: sameAgain},
	2:  {changes: dropKeywords},
	3:  {changes: dropDate},
	4:  {changes: fixNewlines},
	5:  {changes: endLine},
	6:  {changes: dropKeywords | dropDate | fixNewlines | endLine},
	7:  {changes: stripNUL, needs: stripNUL},
	8:  {changes: wrapLines, needs: wrapLines},
	9:  {changes: dropKeywords | dropDate | fixNewlines | endLine | stripNUL | wrapLines, needs: stripNUL},
	10: {changes: wrapWhole, needs: wrapWhole},
	11: {changes: wrapWhole | dropKeywords | dropDate, needs: wrapWhole},
}

var rungEnd = rung(len(ladder))

// wrapAt is the longest line, without its end, that the ladder lets pass: RFC
// 5322 section 2.1.1.
const wrapAt = 998

// allowed reports whether the user's options allow a rung.
func (c *Folder) allowed(r rung) bool {
	t := &c.run.Plan.Transform
	switch ladder[r].needs {
	case 0:
		return true
	case wrapWhole:
		return t.WrapBroken
	}
	return t.Repair
}

// climb moves a refused message to the next rung that changes anything about
// its flags or date, or may change its bytes. It reports false at the top.
func (c *Folder) climb(t *Message) bool {
	r := &c.Src.Recs[t.Src]
	flags, date := c.FlagsOn2(r), c.dateOn2(r)
	system := transform.SystemFlags(flags)
	o := t.override()
	for o.rung++; o.rung < rungEnd; o.rung++ {
		if !c.allowed(o.rung) {
			continue
		}
		ch := ladder[o.rung].changes
		useful := ch&(fixNewlines|endLine|stripNUL|wrapLines|wrapWhole|sameAgain) != 0
		o.fewerFlags, o.flags, o.dateless = false, nil, false
		if ch&dropKeywords != 0 && len(system) < len(flags) {
			o.fewerFlags, o.flags, useful = true, system, true
		}
		if ch&dropDate != 0 && date != "" {
			o.dateless, useful = true, true
		}
		if useful {
			return true
		}
	}
	return false
}

// alter makes the changes of the message's rung. It returns false when the rung
// changes nothing about this message, so that sending it again is of no use.
func (c *Folder) alter(t *Message, msg []byte) ([]byte, bool) {
	if t.rung() == rungNone {
		return msg, true
	}
	ch := ladder[t.rung()].changes
	if ch == sameAgain {
		return msg, true
	}
	r := &c.Src.Recs[t.Src]
	before := sha256.Sum256(msg)
	var told []string
	if ch&dropKeywords != 0 && len(t.Flags()) < len(c.FlagsOn2(r)) {
		told = append(told, fmt.Sprintf("without the flags (%s)", transform.JoinFlags(transform.WithoutFlags(c.FlagsOn2(r), t.Flags()))))
	}
	if ch&dropDate != 0 && c.dateOn2(r) != "" {
		told = append(told, fmt.Sprintf("without its date %q", c.dateOn2(r)))
	}
	for _, step := range []struct {
		bit change
		fix func([]byte) ([]byte, transform.Repair)
	}{
		{fixNewlines, transform.FixBareNewlines},
		{endLine, transform.EndLastLine},
		{stripNUL, transform.StripNUL},
		{wrapLines, func(b []byte) ([]byte, transform.Repair) { return transform.WrapLongLines(b, wrapAt) }},
		{wrapWhole, func(b []byte) ([]byte, transform.Repair) {
			names, _ := c.run.Identity.Fields()
			return transform.WrapAsRFC822(b, names...)
		}},
	} {
		if ch&step.bit == 0 {
			continue
		}
		out, what := step.fix(msg)
		if what.Changed() {
			msg = out
			told = append(told, what.What)
		}
	}
	if len(told) == 0 {
		return msg, false
	}
	o := t.override()
	o.altered = strings.Join(told, ", ")
	if after := sha256.Sum256(msg); after != before {
		o.altered += fmt.Sprintf(" (sha256 %x -> %x)", before, after)
	} else {
		o.altered += fmt.Sprintf(" (content unchanged, sha256 %x)", before)
	}
	return msg, true
}
