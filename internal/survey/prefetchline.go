package survey

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// The listings of the folders are the first of what comes over a line in any amount, and
// the first to show that it is slow: DEFLATE is turned on between two of them. Before that
// all that was asked for has to come, so no more is asked for than keeps a line full, until
// it is judged.

// listed is about what a server sends of a message that it lists, in bytes.
const listed = 400

// weight is about what the listings take on the line, in bytes.
func (s *Prefetch) weight() (bytes int64) {
	if s.Asks == AsksAll {
		for _, p := range s.Requests {
			bytes += p.weight()
		}
	}
	return bytes
}

func (p *FolderRequest) weight() int64 {
	if !p.List {
		return 0
	}
	return p.Messages * listed
}

// room reports whether more may be asked for. Everything is, at once, but while the line
// may turn out to be a slow one: before DEFLATE is turned on all that was asked for has to
// come.
func (s *Prefetch) room() bool {
	return !s.line.Pays && (s.listing <= 0 || !s.line.Open() || s.listing < s.line.Enough())
}

// mostParts bounds the parts in which folders are asked for: a line that is not judged by
// then is no slow one, and a server may tell of messages that are not there.
const mostParts = 20

// sendRange asks for the messages of a folder from a UID on, about so many. Of a folder
// with many a part is asked for first while the line may turn out to be slow.
func (s *Prefetch) sendRange(ctx context.Context, stream *imapconn.Fetch, p *FolderRequest, from imap.UID, messages float64) error {
	s.rest = 0
	bytes := messages * listed
	if part := float64(s.line.Enough() / 2); s.line.Open() && bytes > 1.5*part && p.Next > from && s.parts < mostParts {
		to := from + imap.UID(float64(p.Next-from)*part/bytes)
		s.parts++
		s.listing += int64(part)
		s.rest = to + 1
		return stream.AskRange(ctx, from, to)
	}
	s.listing += int64(bytes)
	return stream.AskRange(ctx, from, 0)
}

// sendRest asks for more of the folder of which a part was asked for.
func (s *Prefetch) sendRest(ctx context.Context, stream *imapconn.Fetch, p *FolderRequest) error {
	if p.selected.Done() {
		if _, err := p.selected.Wait(ctx); err != nil {
			s.rest = 0 // there is nothing to ask
			if !session.IsRefusal(err) {
				return err
			}
			return nil
		}
	}
	return s.sendRange(ctx, stream, p, s.rest, float64(p.Messages)*float64(p.Next-min(s.rest, p.Next))/float64(p.Next))
}

// watch looks at the line when a message of a listing came.
func (s *Prefetch) watch() {
	if s.Asks != AsksAll {
		return
	}
	s.line.Look()
	s.line.Left -= listed
	s.listing -= listed
}
