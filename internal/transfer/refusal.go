package transfer

import (
	"context"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// refused decides what becomes of a message that host2 refused. It reports
// whether the mailbox is full.
func (c *Folder) refused(ctx context.Context, v *copyBatch, conn *imapconn.Conn, it *item, r *imapconn.Response) (full bool, err error) {
	t := it.t
	switch class := appendClass(c.run.dst.Classify(r)); {
	case class == event.ErrAppend && r.Code == "TRYCREATE" && !t.overrides().recreated:
		t.override().recreated = true // the folder was deleted under our hands
		if err := conn.Create(ctx, c.To.Raw); err != nil && session.IsConnError(err) {
			return false, err
		}
		return false, nil
	case class == event.ErrAppend:
		t.override().refusal = r.Line()
		if c.unchangedAgain(t, r) {
			v.noteRefusals(int(t.odd.refusals))
			return false, nil
		}
		if c.climb(t) {
			return false, nil
		}
		c.fail(t, class, appendText(t, r.Line(), it), c.repairHint())
		return false, nil
	case class == event.ErrAppendSize:
		c.fail(t, class, appendText(t, r.Line(), it), c.sizeHint())
		return false, nil
	default:
		c.fail(t, class, appendText(t, r.Line(), it), hintOf(class))
		return class == event.ErrOverquota, nil
	}
}

// asIs is the rung on which a message is sent once more as it is.
const asIs rung = 1

// Refusals that say nothing better are taken for passing ones at first: the message is
// sent again unchanged, after a pause. When other messages passed since the refusal
// before, so many of them are the message's own fault: hardRefusals, softRefusals where
// the words are about time, or knownRefusals where they were seen to pass. Where nothing passed it may be any message: a server
// whose words are about time has patience, another one for about a minute of pauses, or
// less where it answers BAD, which is about the command, and a message that nobody else's
// fate tells about is tried in another form after that.
const (
	hardRefusals  = 2
	softRefusals  = 4
	knownRefusals = 8
	darkRefusals  = 6
	badRefusals   = 3
)

// unchangedAgain reports whether a message that was refused is to be sent again as it
// is: always after the first refusal, and then as long as no other message passed
// since. Only then it is known that it is this message that host2 does not take.
func (c *Folder) unchangedAgain(t *Message, r *imapconn.Response) bool {
	if t.rung() > asIs {
		return false
	}
	t.override().rung = asIs
	a := asItIs{bad: r.Status == "BAD", timely: aboutTime(r.Text), seen: c.run.passing.has(r.Line()), persists: func(n int) bool {
		waited := time.Duration(0)
		for i := 1; i < n; i++ {
			waited += session.MeanBackOff(i)
		}
		return c.run.dst.Persists(n, waited)
	}}
	return a.again(t.override(), c.run.stored.Load())
}

// asItIs decides whether a refused message is sent again as it is.
type asItIs struct {
	bad      bool             // it is BAD, and not NO
	timely   bool             // the words are about time
	seen     bool             // they were seen to pass
	persists func(n int) bool // whether a server that asks for time is given more of it
}

// again notes a refusal, when host2 has stored so many messages in all.
func (a *asItIs) again(o *overrides, stored int64) bool {
	passed := o.refusals > 0 && stored > o.storedThen
	o.storedThen = stored
	if o.refusals < 255 {
		o.refusals++
	}
	n := int(o.refusals)
	switch {
	case n == 1:
		return true
	case passed && a.seen:
		return n < knownRefusals
	case passed && a.timely:
		return n < softRefusals
	case passed:
		return n < hardRefusals
	case a.timely, a.seen:
		return a.persists(n)
	case a.bad:
		return n < badRefusals
	}
	return n < darkRefusals
}

// aboutTime reports whether a refusal without a code speaks of what passes by itself.
func aboutTime(text string) bool {
	text = strings.ToLower(text)
	for _, sign := range []string{"temporar", "unavailable", "try again", "later", "busy", "timeout", "timed out", "time-out", "overload", "lock", "resource", "retry"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

func (c *Folder) repairHint() string {
	t := &c.run.Plan.Transform
	hint := "host2 does not take this message unchanged"
	switch {
	case !t.Repair && !t.WrapBroken:
		hint += "; --repair allows to alter it"
	case !t.WrapBroken:
		hint = "host2 does not take this message even altered; --wrapbroken sends it as an attachment"
	case t.Repair:
		hint = "host2 does not take this message even altered or as an attachment"
	default:
		hint = "host2 does not take this message even as an attachment; --repair allows to alter it"
	}
	return hint + c.keeps()
}

// keeps recommends where to keep what is not copied, unless it is kept there.
func (c *Folder) keeps() string {
	p := &c.run.Plan.Transfer
	switch {
	case p.SaveDir != "":
		return "; the original is in " + p.SaveDir
	case p.SkippedFile != "":
		return "; --savedir keeps the original"
	}
	return "; --savedir keeps the original, --skippedfile lists what is not copied"
}

// sizeHint is what helps against a message that is too large.
func (c *Folder) sizeHint() string {
	hint := "host2 takes no message this large"
	if c.run.Plan.Selection.MaxSize == nil {
		hint += "; --maxsize leaves such messages out"
	}
	return hint + c.keeps()
}

func hintOf(c event.Class) string {
	switch c {
	case event.ErrOverquota:
		return "the destination mailbox is full: make room or raise its quota, then run again; it continues here"
	case event.ErrAppendVirus:
		return "host2 takes this message for a virus; it stays on host1"
	}
	return ""
}

// appendClass is the class of error that a refusal of APPEND counts as; imapsync
// looks for signs in the subject as well ("OVERQUOTA", "virus").
func appendClass(v provider.Verdict) event.Class {
	switch v.Action {
	case provider.TooBig:
		return event.ErrAppendSize
	case provider.MailboxFull:
		return event.ErrOverquota
	case provider.Virus:
		return event.ErrAppendVirus
	}
	return event.ErrAppend
}

// appendText is the line for a refused message.
func appendText(t *Message, reply string, it *item) string {
	c := t.c
	subject := ""
	if it.buf != nil {
		subject = transform.Field(*it.buf, "Subject")
	}
	m := event.Refused{Folder: c.From.Raw, UID: uint32(t.UID()), Size: t.Size(), Date: t.date(it.date), Flags: transform.JoinFlags(t.Flags())}
	return m.NotAppended(subject, c.To.Raw, reply)
}

// fetchText is the line for a message that could not be read.
func fetchText(t *Message, why string) string {
	c := t.c
	r := &c.Src.Recs[t.Src]
	m := event.Refused{Folder: c.From.Raw, UID: uint32(t.UID()), Size: t.Size(), Date: c.dateOn2(r), Flags: transform.JoinFlags(c.run.Flags[0].List(r.Flags))}
	return m.NotFetched(why)
}
