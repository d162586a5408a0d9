package guard

import (
	"fmt"
	"time"
)

// RecentDays is how recent a host2-only message must be to stay where no journal
// tells whether it was delivered to host2 itself.
const RecentDays = 30

// Known is what is known of a host2 folder when --delete2 decides about its messages.
type Known struct {
	// FirstNext is UIDNEXT of the folder before the first run that a journal knows of,
	// 0 when none does; FirstAt is when the first run into the account was, zero when
	// that is not known.
	FirstNext uint32
	FirstAt   time.Time
	Now       time.Time
	// NewMail: --delete2newmail.
	NewMail bool
	// Elsewhere: a host1 folder that goes to the same host2 folder took no part in the
	// run. What has left another one may be there now.
	Elsewhere bool
	// Stored: a run once stored messages like some of those that NewMail keeps, and the
	// journal does not know any more which: their folder on host1 was made anew since.
	Stored bool
	// Unsure says why of a message that no pair tells of it is not known whose it is,
	// "" if it is.
	Unsure string
}

// Extra is a message of host2 that nothing on host1 stands for.
type Extra struct {
	UID     uint32
	Arrived time.Time // INTERNALDATE, zero when it cannot be read
	// Paired: a journal ties it to a message that host1 has.
	Paired bool
	// Others: another run stored it, or may have: of another account, or of another
	// folder.
	Others bool
	// Gone: it is the counterpart of a host1 message that has left host1 since.
	Gone bool
	// Moved: a run deleted that message on host1, since host2 has it.
	Moved bool
}

// Rule is why a message stays; Goes is none.
type Rule uint8

// The rules, in the order in which they are told.
const (
	Goes Rule = iota
	PairedMail
	OthersMail
	MovedMail
	UnsureMail
	NewMail
	RecentMail
	Rules // how many there are
)

// Rule decides about one message. What has lost its counterpart on host1 is what
// --delete2 is for, unless this program took it from there: then it may be the only copy.
func (k *Known) Rule(e Extra) Rule {
	switch {
	case e.Paired:
		return PairedMail
	case e.Others:
		return OthersMail
	case e.Moved:
		return MovedMail
	case e.Gone && !k.Elsewhere:
		return Goes
	case k.Unsure != "":
		return UnsureMail
	case k.NewMail:
		return Goes
	case k.FirstNext != 0 && e.UID >= k.FirstNext, !k.FirstAt.IsZero() && e.Arrived.After(k.FirstAt):
		return NewMail
	case e.Arrived.IsZero(), e.Arrived.After(k.Now.AddDate(0, 0, -RecentDays)):
		return RecentMail // a date that cannot be read protects
	}
	return Goes
}

// Why tells what a rule says.
func (k *Known) Why(r Rule) string {
	switch r {
	case PairedMail:
		return "host1 has the messages that they are copies of"
	case OthersMail:
		return "another run stored them, of another account or another folder"
	case MovedMail:
		return "runs moved them here with --delete1, and host1 does not have them any more; no option deletes them, only a mail program does"
	case UnsureMail:
		return k.Unsure
	case NewMail:
		if k.Stored {
			return "they came to host2 after the first run, and their folder on host1 was made anew since: what earlier runs stored and mail delivered to host2 itself cannot be told apart any more; --delete2newmail deletes both"
		}
		return "they came to host2 after the first run, and no run stored them, so they look like mail delivered to host2 itself; --delete2newmail deletes such messages too"
	case RecentMail:
		return fmt.Sprintf("they are younger than %d days, and no run is known to have stored them, so they may have been delivered to host2 itself; --delete2newmail deletes such messages too", RecentDays)
	}
	return ""
}
