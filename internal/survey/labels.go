package survey

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// Important is the keyword of RFC 8457 for what a server calls important.
const Important imap.Flag = "$Important"

// FlagsOf are the flags of a message as they are to be carried over.
func (t *Terms) FlagsOf(m *imapconn.Message) []imap.Flag {
	if !t.Important || !slices.Contains(m.GMLabels, `\Important`) || slices.Contains(m.Flags, Important) {
		return m.Flags
	}
	return append(slices.Clone(m.Flags), Important)
}

// chooseRest chooses, of what is chosen so far, the messages that no other folder has.
// One whose labels the server does not tell is chosen: it may be nowhere else.
func (l *Reader) chooseRest(ctx context.Context) error {
	chosen := make(map[imap.UID]struct{})
	choose := func(m *imapconn.Message, _ imapconn.FetchItems) error {
		if _, ok := l.Chosen[m.UID]; (ok || l.Chosen == nil) && !(m.HasGMLabels && l.Elsewhere(m.GMLabels)) {
			chosen[m.UID] = struct{}{}
		}
		return nil
	}
	if l.Link.Opened.Exists > 0 {
		err := l.Link.Do(ctx, func(c *imapconn.Conn) error {
			clear(chosen)
			stream := c.Fetch(imapconn.FetchItems{UID: true, GMLabels: true})
			if err := stream.AskRange(ctx, 1, 0); err != nil {
				return err
			}
			if err := answers(ctx, stream, nil, choose); err != nil {
				return err
			}
			return RangeErr(stream)
		})
		if err != nil {
			return err
		}
	}
	l.Chosen = chosen
	return nil
}
