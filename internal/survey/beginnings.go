package survey

import (
	"context"
	"io"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// LengthsOf are the lengths of messages that were read.
func LengthsOf(whole map[imap.UID]*habits.Prefixes, uids []imap.UID) []int64 {
	lengths := make([]int64, 0, len(uids))
	for _, uid := range uids {
		if p := whole[uid]; p != nil {
			n, _ := p.Whole()
			lengths = append(lengths, n)
		}
	}
	return lengths
}

// IsBeginning reports whether d is a beginning of s, and not all of it.
func IsBeginning(s, d *habits.Prefixes) bool {
	if s == nil || d == nil {
		return false
	}
	n, sum := d.Whole()
	return s.Begins(n, sum)
}

// Less is by how many bytes d is shorter than s, as they are counted here.
func Less(s, d *habits.Prefixes) int64 {
	if s == nil || d == nil {
		return 0
	}
	n, _ := s.Whole()
	m, _ := d.Whole()
	return n - m
}

// ReadBeginnings reads messages of the folder that k has open, for comparison, with
// the digests of their beginnings of the lengths that are wanted for each, nil for
// none. Messages that do not come are left out.
func ReadBeginnings(ctx context.Context, k *session.Link, uids []imap.UID, lengths func(imap.UID) []int64) (map[imap.UID]*habits.Message, map[imap.UID]*habits.Prefixes, error) {
	return readBoth(ctx, k, uids, lengths, false)
}

// ReadBodyBeginnings is ReadBeginnings with the digests of the beginnings of the bodies: a
// server that changes headers may still have cut what follows them.
func ReadBodyBeginnings(ctx context.Context, k *session.Link, uids []imap.UID, lengths func(imap.UID) []int64) (map[imap.UID]*habits.Message, map[imap.UID]*habits.Prefixes, error) {
	return readBoth(ctx, k, uids, lengths, true)
}

func readBoth(ctx context.Context, k *session.Link, uids []imap.UID, lengths func(imap.UID) []int64, ofBody bool) (map[imap.UID]*habits.Message, map[imap.UID]*habits.Prefixes, error) {
	out := make(map[imap.UID]*habits.Message, len(uids))
	hasher := identity.NewContentHasher()
	var head HeaderCatcher
	begins, err := readPrefixes(ctx, k, uids, lengths, func(uid imap.UID, body io.Reader, prefixes io.Writer) error {
		hasher.Reset()
		head.Reset()
		if ofBody {
			prefixes = &afterHeader{to: prefixes}
		}
		size, err := io.Copy(io.MultiWriter(hasher, &head, prefixes), body)
		if err != nil {
			return err
		}
		read := habits.Of(head.Header(), hasher.Sum(), size)
		out[uid] = &read
		return nil
	})
	return out, begins, err
}

// ReadBodies reads the bodies of messages of the folder that k has open: the digests of
// their beginnings of the lengths that are wanted for each, nil for none. Messages that
// do not come are left out.
func ReadBodies(ctx context.Context, k *session.Link, uids []imap.UID, lengths func(imap.UID) []int64) (map[imap.UID]*habits.Prefixes, error) {
	return readPrefixes(ctx, k, uids, lengths, func(_ imap.UID, body io.Reader, prefixes io.Writer) error {
		_, err := io.Copy(&afterHeader{to: prefixes}, body)
		return err
	})
}

// readPrefixes reads messages, each by read, which writes to prefixes what of the message
// is to be digested.
func readPrefixes(ctx context.Context, k *session.Link, uids []imap.UID, lengths func(imap.UID) []int64, read func(uid imap.UID, body io.Reader, prefixes io.Writer) error) (map[imap.UID]*habits.Prefixes, error) {
	out := make(map[imap.UID]*habits.Prefixes, len(uids))
	if len(uids) == 0 {
		return out, nil
	}
	uids = slices.Clone(uids)
	slices.Sort(uids)
	err := ReadEach(ctx, k, slices.Compact(uids), imapconn.FetchItems{UID: true, Body: true}, func(m *imapconn.Message) error {
		if m.Body == nil {
			return nil
		}
		var wanted []int64
		if lengths != nil {
			wanted = lengths(m.UID)
		}
		prefixes := habits.NewPrefixes(wanted)
		if err := read(m.UID, m.Body, prefixes); err != nil {
			return err
		}
		out[m.UID] = prefixes
		return nil
	})
	return out, err
}

// AfterHeader passes on to a writer what follows the first empty line.
func AfterHeader(to io.Writer) io.Writer { return &afterHeader{to: to} }

// afterHeader passes on what follows the first empty line.
type afterHeader struct {
	to     io.Writer
	line   int // bytes of the line so far, without CR
	inBody bool
}

func (a *afterHeader) Write(p []byte) (int, error) {
	if a.inBody {
		return a.to.Write(p)
	}
	for i, b := range p {
		switch {
		case b == '\n' && a.line == 0:
			a.inBody = true
			n, err := a.to.Write(p[i+1:])
			return i + 1 + n, err
		case b == '\n':
			a.line = 0
		case b != '\r':
			a.line++
		}
	}
	return len(p), nil
}
