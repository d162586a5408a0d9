package transfer

import (
	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// overrides is in what a message leaves otherwise than host1's listing has it, and why.
//
// While a round runs they are of who has the message, as Message tells, and the fetcher
// makes none but where options alter every message: the journal, which is told of messages
// before they come, looks whether there are any.
type overrides struct {
	// fewerFlags: only these are left; dateless: it leaves without its date.
	fewerFlags bool
	flags      []imap.Flag
	dateless   bool
	// sentKey is the key it leaves with, nil for the key it has on host1.
	sentKey *identity.Key
	// sentContent is what its bytes say, nil if they are host1's.
	sentContent *identity.Content
	// cut says how some of its content was lost on the way, "" if none was.
	cut string
	// altered tells people what was changed.
	altered string
	// told is the UID that host2 told and that cannot be the message's.
	told imap.UID
	// has is the size that host2 tells of it where it may not be whole, and inVain the UID of
	// that where it was sent in vain before.
	has    int64
	inVain imap.UID
	// refusal is the server's last word about it.
	refusal string
	// rung is how far up the repair ladder the message is.
	rung rung
	// recreated: its folder was created again because it was refused.
	recreated bool
	// attributed are the connections that died with it alone in flight.
	attributed kills
	// refusals counts those since which it was sent as it is; storedThen is how many
	// messages host2 had stored at the last one.
	refusals   uint8
	storedThen int64
}

// override is the task's overrides, made when there is none.
func (t *Message) override() *overrides {
	if t.odd == nil {
		t.odd = new(overrides)
	}
	return t.odd
}

// overrides is the task's overrides to look at.
func (t *Message) overrides() overrides {
	if t.odd == nil {
		return overrides{}
	}
	return *t.odd
}

// rung is how far up the repair ladder the message is.
func (t *Message) rung() rung {
	if t.odd == nil {
		return rungNone
	}
	return t.odd.rung
}

// killed reports whether a connection died with it alone in flight.
func (t *Message) killed() bool { return t.odd != nil && t.odd.attributed.any() }

// wasRefused reports whether the task was refused, or put off, and sent again.
func (t *Message) wasRefused() bool { return t.putOff > 0 || t.odd != nil && t.odd.refusals > 0 }

// Cut says how some of its content was lost on the way, "" if none was.
func (t *Message) Cut() string { return t.overrides().cut }

// ByOrder reports whether nothing but the order of arrival told which message on host2 is
// its copy, when its sending was interrupted.
func (t *Message) ByOrder() bool { return t.overrides().cut == byOrderAlone }

// InVain is the UID of what host2 has of a message that it was sent before and did not keep
// whole then either, 0 for others.
func (t *Message) InVain() imap.UID { return t.overrides().inVain }

// FewerFlags reports whether it was stored without some of its flags, since host2 refused
// it with these.
func (t *Message) FewerFlags() bool { return t.overrides().fewerFlags }

// HasNow notes the flags that such a message has by now.
func (t *Message) HasNow(flags []imap.Flag) { t.override().flags = flags }

// Flags are those that a message leaves with.
func (t *Message) Flags() []imap.Flag {
	if t.odd != nil && t.odd.fewerFlags {
		return t.odd.flags
	}
	return t.c.FlagsOn2(&t.c.Src.Recs[t.Src])
}

// date is the INTERNALDATE that a message leaves with, "" for none; header is the
// one in its header, if that is wanted.
func (t *Message) date(header string) string {
	switch {
	case t.odd != nil && t.odd.dateless:
		return ""
	case header != "":
		return header
	}
	return t.c.dateOn2(&t.c.Src.Recs[t.Src])
}

// dateOn2 is the INTERNALDATE to give to host2, "" for none.
func (c *Folder) dateOn2(r *listing.Record) string { return DateOn2(&c.run.Plan.Transform, r) }

// DateOn2 is the INTERNALDATE with which a message is to arrive on host2, "" for none.
func DateOn2(t *plan.Transform, r *listing.Record) string {
	if !t.SyncInternalDates && !t.IDateFromHeader || !r.Is(listing.HasDate) {
		return ""
	}
	return r.Time().Format(maildate.Layout)
}
