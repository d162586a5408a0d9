package session

import (
	"context"
	"errors"
	"maps"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// statusAhead is how many STATUS commands may be unanswered; the answers are
// small.
const statusAhead = 200

// Status asks for the counts of many folders in one round trip. A folder whose
// STATUS is refused, or ends every connection, is left out.
func (k *Link) Status(ctx context.Context, names []string) (map[string]*imap.StatusData, error) {
	out, err := k.statusOf(ctx, names)
	if !errors.As(err, new(*KillerError)) {
		return out, err
	}
	if len(names) <= 1 {
		return map[string]*imap.StatusData{}, nil
	}
	// One of them is at fault: it is found by asking for fewer.
	half := len(names) / 2
	out, err = k.Status(ctx, names[:half])
	if err != nil {
		return nil, err
	}
	rest, err := k.Status(ctx, names[half:])
	if err != nil {
		return nil, err
	}
	maps.Copy(out, rest)
	return out, nil
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
