package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// statusAhead is how many STATUS commands may be unanswered; the answers are
// small.
const statusAhead = 200

// maxStatusKills is how many folders may end every connection at STATUS until the server
// is taken for one that bears no STATUS.
const maxStatusKills = 2

// Status asks for the counts of many folders in one round trip. A folder whose STATUS is
// refused is left out, and so is one whose STATUS ends every connection; when a second one
// does, the folders are opened instead, which tells the same but for their sizes.
func (k *Link) Status(ctx context.Context, names []string) (map[string]*imap.StatusData, error) {
	out, err := k.askStatus(ctx, names)
	if err != nil || !k.Account.noStatus() {
		return out, err
	}
	return out, k.countOpened(ctx, slices.DeleteFunc(slices.Clone(names), func(name string) bool { return out[name] != nil }), out)
}

func (k *Link) askStatus(ctx context.Context, names []string) (map[string]*imap.StatusData, error) {
	names = slices.DeleteFunc(slices.Clone(names), k.Account.killsStatus)
	if len(names) == 0 {
		return map[string]*imap.StatusData{}, nil
	}
	out, err := k.statusOf(ctx, names)
	if !errors.As(err, new(*KillerError)) {
		return out, err
	}
	if len(names) <= 1 {
		k.Account.statusKilled(names[0], err)
		return map[string]*imap.StatusData{}, nil
	}
	// One of them is at fault: it is found by asking for fewer.
	half := len(names) / 2
	out, err = k.askStatus(ctx, names[:half])
	if err != nil {
		return nil, err
	}
	rest, err := k.askStatus(ctx, names[half:])
	if err != nil {
		return nil, err
	}
	maps.Copy(out, rest)
	return out, nil
}

// statusKilled notes that no connection survives the STATUS of a folder.
func (s *Account) statusKilled(name string, err error) {
	s.mu.Lock()
	if s.statusKills == nil {
		s.statusKills = make(map[string]bool)
	}
	s.statusKills[name] = true
	enough := len(s.statusKills) == maxStatusKills
	s.mu.Unlock()
	if enough {
		s.control.Warn(fmt.Sprintf("Host%d: %s; STATUS is not sent any more, the folders are opened instead", s.N, err))
	}
}

// killsStatus reports whether the STATUS of a folder is not to be asked for.
func (s *Account) killsStatus(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.statusKills[name] || len(s.statusKills) >= maxStatusKills
}

func (s *Account) noStatus() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.statusKills) >= maxStatusKills
}

// countOpened puts the counts of folders into out that EXAMINE tells. The folder that is
// open now is so afterwards.
func (k *Link) countOpened(ctx context.Context, names []string, out map[string]*imap.StatusData) error {
	before, writable := k.Mailbox, k.Writable
	for _, name := range names {
		data, err := k.Open(ctx, name, false)
		if IsRefusal(err) {
			continue
		}
		if err != nil {
			return err
		}
		out[name] = &imap.StatusData{Mailbox: name, NumMessages: &data.Exists, UIDNext: data.UIDNext, UIDValidity: data.UIDValidity, HighestModSeq: data.HighestModSeq}
	}
	if before == "" || len(names) == 0 {
		return nil
	}
	_, err := k.Open(ctx, before, writable)
	return err
}

// statusOf is Status for folders none of which ends the connection.
func (k *Link) statusOf(ctx context.Context, names []string) (map[string]*imap.StatusData, error) {
	out := make(map[string]*imap.StatusData, len(names))
	err := k.Do(ctx, func(c *imapconn.Conn) error {
		clear(out)
		type asked struct {
			name string
			p    *imapconn.Pending[imap.StatusData]
		}
		var flying []asked
		land := func() error {
			a := flying[0]
			flying = flying[1:]
			data, err := a.p.Wait(ctx)
			if IsConnError(err) {
				return err
			}
			if err == nil {
				out[a.name] = &data
			}
			return nil
		}
		for _, name := range names {
			p, err := c.StartStatus(ctx, name, *StatusItems(c))
			if err != nil {
				return err
			}
			if flying = append(flying, asked{name, p}); len(flying) >= statusAhead {
				if err := land(); err != nil {
					return err
				}
			}
		}
		for len(flying) > 0 {
			if err := land(); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// StatusItems are the counts to ask of every folder.
func StatusItems(c *imapconn.Conn) *imap.StatusOptions {
	o := &imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true}
	o.Size = c.Has(imap.CapStatusSize)
	o.HighestModSeq = c.Has(imap.CapCondStore)
	return o
}
