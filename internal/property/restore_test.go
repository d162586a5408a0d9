package property

import (
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
)

// restore gives an account what it had when its backup was made, as a server does that was
// restored: with the UIDs and UIDVALIDITYs of then. What comes next gets UIDs once more.
func (p *player) restore(side int) error {
	was := p.backups[side]
	if was == nil || realServer() != "" {
		return nil // no real server can be told which UIDs to give
	}
	a := p.sides[side]
	a.close()
	if a.port == 0 {
		a.port = a.server.Port
	}
	a.server = mailtest.StartEmbedded(p.t, embedded.Options{})
	a.password = a.server.Called(p.t, a.user)
	names := slices.SortedFunc(maps.Keys(was), func(x, y string) int { return int(was[x].validity) - int(was[y].validity) })
	given := uint32(0) // the last UIDVALIDITY
	for _, name := range names {
		if given++; name != "INBOX" {
			for ; given < was[name].validity; given++ {
				if err := a.makeAndDelete("gone"); err != nil {
					return err
				}
			}
		}
		if err := a.ensure(name); err != nil {
			return err
		}
		if err := a.fill(name, was[name].messages); err != nil {
			return err
		}
	}
	p.seen[side] = nil
	now, err := a.read()
	if err != nil {
		return err
	}
	if d := difference([4]state{1: was}, [4]state{1: now}); d != "" {
		return fmt.Errorf("restored otherwise: %s", d)
	}
	lost := func(at place) bool { return at.side == side && find(now, at) == nil }
	maps.DeleteFunc(p.origins, func(at place, _ origin) bool { return lost(at) })
	maps.DeleteFunc(p.marks, func(at place, _ bool) bool { return lost(at) })
	return nil
}

// makeAndDelete uses up a UIDVALIDITY.
func (a *account) makeAndDelete(name string) error {
	if err := a.ensure(name); err != nil {
		return err
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	return c.Delete(name).Wait()
}

// fill stores messages under their UIDs.
func (a *account) fill(name string, messages []message) error {
	next := imap.UID(1)
	for i := range messages {
		m := &messages[i]
		for ; next < m.uid; next++ {
			body := fmt.Sprintf("Subject: filler %d\r\n\r\nfiller\r\n", next)
			if err := a.append(name, []byte(body), nil); err != nil {
				return err
			}
			if _, err := a.change(name, []byte(body), remove); err != nil {
				return err
			}
		}
		options := &imap.AppendOptions{Time: m.at}
		for _, f := range m.flags {
			options.Flags = append(options.Flags, imap.Flag(f))
		}
		if err := a.append(name, []byte(m.body), options); err != nil {
			return err
		}
		next++
	}
	return nil
}
