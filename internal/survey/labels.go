package survey

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/uidset"
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
	chosen := new(uidset.Marks)
	choose := func(m *imapconn.Message, _ imapconn.FetchItems) error {
		if (l.Chosen == nil || l.Chosen.Has(m.UID)) && !(m.HasGMLabels && l.Elsewhere(m.GMLabels)) {
			chosen.Add(m.UID)
		}
		return nil
	}
	if l.Link.Opened.Exists > 0 {
		err := l.Link.Do(ctx, func(c *imapconn.Conn) error {
			*chosen = uidset.Marks{}
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

// maxLabels bounds the labels that are kept of the messages of a folder, in bytes of
// memory: some three million messages with three each.
const maxLabels = 256 << 20

// labelNames keeps one copy of each label.
type labelNames struct {
	m    map[string]string
	size int // about what was given out takes, in bytes
}

// list is a list of labels that is kept.
func (n *labelNames) list(labels []string) []string {
	if n.m == nil {
		n.m = make(map[string]string)
	}
	out := make([]string, len(labels))
	for i, l := range labels {
		kept, ok := n.m[l]
		if !ok {
			kept = strings.Clone(l)
			n.m[kept] = kept
			n.size += 2*len(l) + 64
		}
		out[i] = kept
	}
	n.size += 16*len(labels) + 40
	return out
}
