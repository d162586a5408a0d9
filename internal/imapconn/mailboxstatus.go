package imapconn

import (
	"bytes"
	"context"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// exactStatus is a STATUS offered to those who asked for its very name.
type exactStatus struct{ *imap.StatusData }

// statusItems writes the items of a STATUS.
func statusItems(o *imap.StatusOptions) string {
	var w []string
	for _, s := range []struct {
		on   bool
		name string
	}{
		{o.NumMessages, "MESSAGES"}, {o.NumRecent, "RECENT"}, {o.UIDNext, "UIDNEXT"},
		{o.UIDValidity, "UIDVALIDITY"}, {o.NumUnseen, "UNSEEN"}, {o.NumDeleted, "DELETED"},
		{o.Size, "SIZE"}, {o.AppendLimit, "APPENDLIMIT"},
		{o.DeletedStorage, "DELETED-STORAGE"}, {o.HighestModSeq, "HIGHESTMODSEQ"},
	} {
		if s.on {
			w = append(w, s.name)
		}
	}
	return "(" + strings.Join(w, " ") + ")"
}

// Status asks for figures of a mailbox without selecting it. Figures the
// server did not give, or gave wrong, are absent (nil, or 0 for the UIDs and
// the MODSEQ). State: authenticated; not for the selected mailbox. RFC 3501
// section 6.3.10; SIZE needs STATUS=SIZE (RFC 8438), HIGHESTMODSEQ CONDSTORE.
func (c *Conn) Status(ctx context.Context, mailbox string, items imap.StatusOptions) (imap.StatusData, error) {
	p, err := c.StartStatus(ctx, mailbox, items)
	return wait(ctx, p, err)
}

// StartStatus is Status without waiting.
func (c *Conn) StartStatus(ctx context.Context, mailbox string, items imap.StatusOptions) (*Pending[imap.StatusData], error) {
	data := &imap.StatusData{Mailbox: mailbox}
	got := false
	take := func(v any) bool {
		switch v := v.(type) {
		case exactStatus:
			if !sameMailbox(v.Mailbox, mailbox) {
				return false
			}
			*data, got = *v.StatusData, true
		case *imap.StatusData:
			if got {
				return false
			}
			*data, got = *v, true
			if c.news != nil {
				c.news.take(v) // it may not be the answer
			}
		default:
			return false
		}
		data.Mailbox = mailbox
		return true
	}
	return start(ctx, c, data, &Command{name: "STATUS", take: take}, Str(mailbox), Raw(statusItems(&items)))
}

// sameMailbox compares raw names; INBOX alone has no case (RFC 3501 5.1).
func sameMailbox(a, b string) bool {
	return a == b || (strings.EqualFold(a, "INBOX") && strings.EqualFold(b, "INBOX"))
}

// parseStatusData reads "name (item value ...)".
func parseStatusData(sc *imapwire.Scanner) (*imap.StatusData, error) {
	name, ok, err := parseName(sc, func(b []byte) int {
		if i := bytes.LastIndex(b, []byte("(")); i >= 0 {
			return i
		}
		return len(b)
	})
	if err != nil || !ok {
		return nil, err
	}
	d := &imap.StatusData{Mailbox: name}
	k, _, err := sc.Token()
	if err != nil || k != imapwire.Open {
		return d, err
	}
	for {
		k, v, err := sc.Token()
		if err != nil || k == imapwire.Close || k == imapwire.End {
			return d, err
		}
		if k != imapwire.Atom {
			continue
		}
		item := strings.ToUpper(string(v))
		k, v, err = sc.Token()
		if err != nil || k == imapwire.Close || k == imapwire.End {
			return d, err
		}
		if k == imapwire.Open {
			// A list where a number belongs: MAILBOXID (...) and the like.
			for depth := 1; depth > 0 && k != imapwire.End; {
				if k, _, err = sc.Token(); err != nil {
					return d, err
				}
				switch k {
				case imapwire.Open:
					depth++
				case imapwire.Close:
					depth--
				}
			}
			continue
		}
		if k == imapwire.Atom || k == imapwire.Quoted {
			setStatus(d, item, v)
		}
	}
}

func setStatus(d *imap.StatusData, item string, v []byte) {
	n, ok := parseNum32(v)
	switch item {
	case "SIZE", "DELETED-STORAGE":
		if n, ok := imapwire.ParseNumber(v); ok {
			if item == "SIZE" {
				d.Size = &n
			} else {
				d.DeletedStorage = &n
			}
		}
		return
	case "HIGHESTMODSEQ":
		d.HighestModSeq, _ = parseNum64(v)
		return
	}
	if !ok {
		return
	}
	switch item {
	case "MESSAGES":
		d.NumMessages = &n
	case "RECENT":
		d.NumRecent = &n
	case "UIDNEXT":
		d.UIDNext = imap.UID(n)
	case "UIDVALIDITY":
		d.UIDValidity = n
	case "UNSEEN":
		d.NumUnseen = &n
	case "DELETED":
		d.NumDeleted = &n
	case "APPENDLIMIT":
		d.AppendLimit = &n
	}
}
