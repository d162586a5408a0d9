package engine

import (
	"context"
	"io"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// headerKept bounds the header kept of a message that is read for its content.
const headerKept = 1 << 20

// contents reads the given messages of the selected folder and tells each one's
// header and content, some twice. Messages that do not come are left out; those that
// cannot be read are returned. The bodies are streamed.
func (k *link) contents(ctx context.Context, uids []imap.UID, tell func(imap.UID, []byte, identity.Content) error) ([]unreadable, error) {
	return k.contentsWithout(ctx, uids, false, tell)
}

// contentsWithout is contents, leaving out the line that --addheader added.
func (k *link) contentsWithout(ctx context.Context, uids []imap.UID, added bool, tell func(imap.UID, []byte, identity.Content) error) ([]unreadable, error) {
	hasher := identity.NewContentHasher()
	var head headerCatcher
	return k.readMost(ctx, uids, imapconn.FetchItems{UID: true, Body: true}, func(m *imapconn.Message) error {
		if m.Body == nil {
			return nil
		}
		hasher.Reset()
		head.reset()
		var content io.Writer = hasher
		skipper := identity.AddedSkipper{To: hasher}
		if added {
			content = &skipper
		}
		if _, err := io.Copy(io.MultiWriter(content, &head), m.Body); err != nil {
			return err
		}
		if err := skipper.Flush(); err != nil {
			return err
		}
		return tell(m.UID, head.header(), hasher.Sum())
	})
}

// headerCatcher keeps the beginning of what is written to it.
type headerCatcher struct{ b []byte }

func (h *headerCatcher) reset() { h.b = h.b[:0] }

func (h *headerCatcher) Write(p []byte) (int, error) {
	if room := headerKept - len(h.b); room > 0 {
		h.b = append(h.b, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

func (h *headerCatcher) header() []byte {
	head, _ := transform.SplitHeader(h.b)
	return head
}
