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

// halfMost bounds the parts of messages that are kept until the rest has come, in bytes
// of memory. The messages beyond are asked for anew, lateMost in one command.
const (
	halfMost = 64 << 20
	lateMost = 10_000
)

// halves are the messages of which a part has come.
type halves struct {
	m    map[imap.UID]*imapconn.Message
	size int // about what they take, in bytes
	// late are those that found no room.
	late []imap.UID
}

// add keeps a part, or what is known of the message with it; false for want of room.
func (h *halves) add(m *imapconn.Message) (*imapconn.Message, bool) {
	known := h.m[m.UID]
	if known != nil {
		h.size -= known.Cost()
		known.Add(m)
		h.size += known.Cost()
		return known, true
	}
	if h.size >= halfMost {
		return m, false
	}
	m = m.Clone()
	h.m[m.UID] = m
	h.size += m.Cost()
	return m, true
}

// drop forgets a message.
func (h *halves) drop(uid imap.UID) {
	if known := h.m[uid]; known != nil {
		h.size -= known.Cost()
		delete(h.m, uid)
	}
}

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
	half := halves{m: make(map[imap.UID]*imapconn.Message)}
	err := stream.Each(ctx, func(m *imapconn.Message) error {
		if half.m[m.UID] != nil {
			m, _ = half.add(m)
		}
		if less := lacking(m, items); !less.Nothing() {
			if _, ok := half.add(m); !ok {
				half.late = append(half.late, m.UID)
			}
			return nil
		}
		half.drop(m.UID)
		return take(m, imapconn.FetchItems{})
	})
	if err != nil {
		return err
	}
	uids := slices.Sorted(maps.Keys(half.m))
	slices.Sort(half.late)
	late := slices.Compact(half.late)
	if done != nil {
		// A change that somebody else made came after all the rest.
		uids, late = slices.DeleteFunc(uids, done), slices.DeleteFunc(late, done)
	}
	if err := rest(ctx, stream, uids, half.m, take); err != nil {
		return err
	}
	return anew(ctx, stream, late, take)
}

// rest asks once more for what is lacking of messages.
func rest(ctx context.Context, stream *imapconn.Fetch, uids []imap.UID, half map[imap.UID]*imapconn.Message, take func(m *imapconn.Message, less imapconn.FetchItems) error) error {
	items := stream.Items()
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

// anew asks once more for all of messages, and keeps parts of few at a time.
func anew(ctx context.Context, stream *imapconn.Fetch, uids []imap.UID, take func(m *imapconn.Message, less imapconn.FetchItems) error) error {
	items := stream.Items()
	for few := range slices.Chunk(uids, lateMost) {
		again := stream.Again(items)
		if err := again.Ask(ctx, uidset.Of(few)); err != nil {
			return err
		}
		half := halves{m: make(map[imap.UID]*imapconn.Message)}
		err := again.Each(ctx, func(m *imapconn.Message) error {
			m, ok := half.add(m)
			less := lacking(m, items)
			if ok && !less.Nothing() {
				return nil
			}
			half.drop(m.UID)
			return take(m, less)
		})
		if err != nil {
			return err
		}
		for _, uid := range slices.Sorted(maps.Keys(half.m)) {
			if err := take(half.m[uid], lacking(half.m[uid], items)); err != nil {
				return err
			}
		}
	}
	return nil
}
