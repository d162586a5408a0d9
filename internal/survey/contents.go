package survey

import (
	"context"
	"io"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// headerKept bounds the header kept of a message that is read for its content.
const headerKept = 1 << 20

// Contents reads the given messages of the selected folder and tells each one's
// header and content, some twice. Messages that do not come are left out; those that
// cannot be read are returned. The bodies are streamed.
func Contents(ctx context.Context, k *session.Link, uids []imap.UID, tell func(imap.UID, []byte, identity.Content) error) ([]Unreadable, error) {
	return ContentsWithout(ctx, k, uids, false, tell)
}

// ContentsWithout is Contents, leaving out the line that --addheader added.
func ContentsWithout(ctx context.Context, k *session.Link, uids []imap.UID, added bool, tell func(imap.UID, []byte, identity.Content) error) ([]Unreadable, error) {
	hasher := identity.NewContentHasher()
	var head HeaderCatcher
	return ReadMost(ctx, k, uids, imapconn.FetchItems{UID: true, Body: true}, func(m *imapconn.Message) error {
		if m.Body == nil {
			return nil
		}
		hasher.Reset()
		head.Reset()
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
		return tell(m.UID, head.Header(), hasher.Sum())
	})
}

// HeaderCatcher keeps the beginning of what is written to it.
type HeaderCatcher struct{ b []byte }

// Reset begins anew.
func (h *HeaderCatcher) Reset() { h.b = h.b[:0] }

// Write implements io.Writer.
func (h *HeaderCatcher) Write(p []byte) (int, error) {
	if room := headerKept - len(h.b); room > 0 {
		h.b = append(h.b, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

// Header is the header of what was written, up to its empty line.
func (h *HeaderCatcher) Header() []byte {
	head, _ := transform.SplitHeader(h.b)
	return head
}
