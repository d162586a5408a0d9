package survey

import (
	"context"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// Size adds up RFC822.SIZE of the chosen messages of the selected folder, and tells
// Gmail's number of each, if it has one. Sizes that the server does not tell count
// nothing; Untold is their number.
func (l *Reader) Size(ctx context.Context, tell func(number string, size int64)) (event.Size, error) {
	var sum event.Size
	l.Untold = 0
	if l.Link.Opened.Exists == 0 || l.Chosen != nil && l.Chosen.Len() == 0 {
		return sum, nil
	}
	items := imapconn.FetchItems{UID: true, Size: true, GMMsgID: l.Side == 1 && l.Numbers}
	add := func(m *imapconn.Message, _ imapconn.FetchItems) error {
		if l.Chosen != nil && !l.Chosen.Has(m.UID) {
			return nil
		}
		sum.Messages++
		if !m.HasSize {
			l.Untold++
		}
		sum.Bytes += m.Size
		sum.Biggest = max(sum.Biggest, m.Size)
		if m.GMMsgID != "" {
			tell(m.GMMsgID, m.Size)
		}
		return nil
	}
	err := l.Link.Do(ctx, func(c *imapconn.Conn) error {
		sum, l.Untold = event.Size{}, 0
		stream := c.Fetch(items)
		if err := stream.AskRange(ctx, 1, 0); err != nil {
			return err
		}
		if err := answers(ctx, stream, nil, add); err != nil {
			return err
		}
		return RangeErr(stream)
	})
	if err == nil || !spoilt(err) || session.EndsRun(err) {
		return sum, err
	}
	sum, l.Untold = event.Size{}, 0
	uids, _, err := l.present(ctx)
	if err == nil {
		_, err = InParts(ctx, l.Link, uids, items, add) // what cannot be read is told when it is to be copied
	}
	return sum, err
}
