package engine

import (
	"context"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// makeAll creates folders on host2 and selects them.
func (r *run) makeAll(ctx context.Context, absent []*folderSync) error {
	if len(absent) == 0 {
		return nil
	}
	if err := r.createAll(ctx, absent); err != nil {
		return err
	}
	made := r.prefetcherOn(r.main.dst, 2)
	for _, fs := range absent {
		if r.on2.folders.Has(fs.to.Raw) {
			made.add(fs, true)
		}
	}
	return made.run(ctx)
}

// createAhead is how many CREATEs may be unanswered (see survey.Prefetch), noopEvery after how many a
// NOOP is sent: Zimbra takes a client that does nothing but create folders for
// an attacker.
const (
	createAhead = 200
	noopEvery   = 20
)

// createAll creates folders and their parents without waiting for each. One that
// is refused is left to its folder's own work, which knows what to do then.
func (r *run) createAll(ctx context.Context, absent []*folderSync) error {
	conn, err := r.main.dst.Alive(ctx)
	if err != nil {
		return err
	}
	type creation struct {
		name string
		sent *imapconn.Pending[imapconn.Nothing]
	}
	var flying []creation
	asked := make(map[string]bool)
	var made []string
	defer func() { r.journalFailed(r.j.NoteMade(made...)) }()
	land := func() error {
		c := flying[0]
		flying = flying[1:]
		_, err := c.sent.Wait(ctx)
		if err == nil {
			r.on2.folders.Add(c.name)
			r.on2.made[c.name] = true // and still to be told
			made = append(made, c.name)
			return nil
		}
		if isRefusal(err) {
			return nil
		}
		return err
	}
	create := func(name string, use ...imap.MailboxAttr) error {
		if asked[name] {
			return nil
		}
		asked[name] = true
		sent, err := conn.StartCreate(ctx, name, use...)
		if err != nil {
			return err
		}
		flying = append(flying, creation{name, sent})
		if len(asked)%noopEvery == 0 {
			if _, err := conn.Send(ctx, "NOOP"); err != nil {
				return err
			}
		}
		if len(flying) < createAhead {
			return nil
		}
		for len(flying) > createAhead/2 {
			if err := land(); err != nil {
				return err
			}
		}
		return nil
	}
	for _, fs := range absent {
		if _, clash := r.on2.folders.Clash(fs.to.Raw); clash || fs.row.Outside {
			continue
		}
		for _, parent := range fs.row.Parents {
			if !r.on2.folders.Knows(parent) {
				if err := create(parent); err != nil {
					return err
				}
			}
		}
		var use []imap.MailboxAttr
		if fs.row.Use != "" && conn.Has(imap.CapCreateSpecialUse) {
			use = append(use, imap.MailboxAttr(fs.row.Use))
		}
		if err := create(fs.to.Raw, use...); err != nil {
			return err
		}
	}
	for len(flying) > 0 {
		if err := land(); err != nil {
			return err
		}
	}
	return nil
}
