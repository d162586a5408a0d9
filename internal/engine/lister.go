package engine

import (
	"context"
	"maps"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// lister reads one folder on one side (survey.Reader), and enters into the folder what
// was found.
type lister struct {
	survey.Reader
	fs *folderSync
	k  *link
	n  event.Side
}

// terms are how the folders of a side are read.
func (r *run) terms(n event.Side) *survey.Terms {
	names, whole := r.identity.Fields()
	if !whole {
		names = withMessageID(names)
	}
	return &survey.Terms{
		Listed: &r.under.listed[n],
		Side:   n, Control: r.control, Identity: &r.p.Identity, Selection: &r.p.Selection,
		Fields: names, WholeHeader: whole, Hasher: r.hasher[n-1], Flags: &r.flags[n-1],
		Labels: r.labels(), Numbers: n == 1 && r.byNumber(), Important: n == 1 && r.important(), HeadersChosen: r.headersChosen(), IsReport: isReport,
	}
}

// lister reads the folder that k has selected.
func (fs *folderSync) lister(k *link, n event.Side) *lister {
	l := &lister{Reader: survey.Reader{Terms: fs.run.terms(n), Link: k.Link}, fs: fs, k: k, n: n}
	if n == 1 && k.Mailbox == fs.run.allMail() {
		l.Elsewhere = fs.run.elsewhere
	}
	return l
}

// list returns the listing of the selected folder (survey.Reader.List).
func (l *lister) list(ctx context.Context) (*listing.Listing, error) {
	l.Known = l.fs.known
	l.AsksGone = l.n == 1 && l.fs.run.p.Deletion.Delete2
	if seen := l.fs.seen[l.n-1]; seen != nil {
		l.Foreseen, l.ForeseenFlags = seen.Listing, nil
		if l.fs.flagsAlone[l.n-1] {
			l.Foreseen, l.ForeseenFlags = nil, seen.Listing
			if l.RestKnown = l.fs.restKnown[l.n-1]; l.RestKnown {
				l.Searched = l.fs.run.flagsNow[l.n-1][l.fs.names()].seen.Sets
			}
			if l.RestKnown && l.ForeseenFlags == nil {
				l.ForeseenFlags = &listing.Listing{UIDNext: seen.Opened.UIDNext, UIDValidity: seen.Opened.UIDValidity}
			}
		}
	}
	out, err := l.List(ctx)
	l.keep()
	return out, err
}

// since lists the messages of the selected folder from a UID on.
func (l *lister) since(ctx context.Context, from imap.UID) (*listing.Listing, error) {
	out, err := l.Since(ctx, from)
	l.keep()
	return out, err
}

// keep enters what was found beside the listing.
func (l *lister) keep() {
	found := l.Found()
	if labels := &l.fs.gmail.labels[l.n-1]; *labels == nil {
		*labels = found.Labels
	} else {
		maps.Copy(*labels, found.Labels)
	}
	switch {
	case l.n != 1: // both sides are listed at once, and numbers are host1's
	case l.fs.gmail.numbers == nil:
		l.fs.gmail.numbers = found.Numbers
	default:
		maps.Copy(l.fs.gmail.numbers, found.Numbers)
	}
	for _, b := range found.Unreadable {
		l.fs.unreadable(l.n, b)
	}
}

// read asks for items of messages of the selected folder (survey.ReadEach).
func (k *link) read(ctx context.Context, uids []imap.UID, items imapconn.FetchItems, take func(*imapconn.Message) error) error {
	return survey.ReadEach(ctx, k.Link, uids, items, take)
}

// contentsWithout is survey.Contents, leaving out the line that --addheader added.
func (k *link) contentsWithout(ctx context.Context, uids []imap.UID, added bool, tell func(imap.UID, []byte, identity.Content) error) ([]survey.Unreadable, error) {
	return survey.ContentsWithout(ctx, k.Link, uids, added, tell)
}
