package survey

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// A FETCH reply is held against what was asked. What did not come is unknown, and
// not empty: it is asked for once more, alone, and what does not come then either is
// told and left as it is.

// halfMost bounds the messages of which a part is kept until the rest has come.
const halfMost = 1 << 20

// lacking is what a reply lacks of what was asked for. A date that is none counts as
// missing.
func lacking(m *imapconn.Message, items imapconn.FetchItems) imapconn.FetchItems {
	less := m.Lacks(items)
	if _, _, ok := maildate.Read(m.InternalDate); items.InternalDate && !ok {
		less.InternalDate = true
	}
	return less
}

// answers reads a stream to its end, and gives each message to take when all that was
// asked has come of it, in however many replies. The others come last, after they
// were asked for once more, with what is still lacking; done tells which messages
// were taken already, nil for none.
func answers(ctx context.Context, stream *imapconn.Fetch, done func(imap.UID) bool, take func(m *imapconn.Message, less imapconn.FetchItems) error) error {
	items := stream.Items()
	half := make(map[imap.UID]*imapconn.Message)
	err := stream.Each(ctx, func(m *imapconn.Message) error {
		known := half[m.UID]
		if known != nil {
			known.Add(m)
			m = known
		}
		if less := lacking(m, items); !less.Nothing() {
			if known == nil && len(half) < halfMost {
				half[m.UID] = m.Clone()
			}
			return nil
		}
		delete(half, m.UID)
		return take(m, imapconn.FetchItems{})
	})
	if err != nil || len(half) == 0 {
		return err
	}
	uids := slices.Sorted(maps.Keys(half))
	if done != nil {
		// A change that somebody else made came after all the rest.
		uids = slices.DeleteFunc(uids, done)
	}
	// Mostly one thing is missing, and of all messages.
	byLack := make(map[string][]imap.UID)
	lack := make(map[string]imapconn.FetchItems)
	for _, uid := range uids {
		less := lacking(half[uid], items)
		name := fmt.Sprint(less)
		lack[name] = less
		byLack[name] = append(byLack[name], uid)
	}
	for _, name := range slices.Sorted(maps.Keys(byLack)) {
		again := stream.Again(lack[name])
		if err := again.Ask(ctx, uidset.Sorted(byLack[name])); err != nil {
			return err
		}
		err := again.Each(ctx, func(m *imapconn.Message) error {
			if known := half[m.UID]; known != nil {
				known.Add(m)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, uid := range uids {
		if err := take(half[uid], lacking(half[uid], items)); err != nil {
			return err
		}
	}
	return nil
}
