package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// acls copies access rights (--syncacls): those of identifiers host1 knows, and
// never the rights of the one who is logged in on host2, who would lock himself
// out.
func (fs *folderSync) acls(ctx context.Context) error {
	r := fs.run
	if !r.p.Folders.SyncACLs || !fs.exists {
		return nil
	}
	get := func(k *link, name string) (acl []imapconn.ACLEntry, err error) {
		err = k.Do(ctx, func(c *imapconn.Conn) error {
			if !c.Has(imap.CapACL) {
				return errNoACL
			}
			acl, err = c.GetACL(ctx, name)
			return err
		})
		return acl, err
	}
	acl1, err := get(fs.conns.src, fs.from.Raw)
	if err != nil {
		return fs.aclProblem(1, fs.from, err)
	}
	acl2, err := get(fs.conns.dst, fs.to.Raw)
	if err != nil {
		return fs.aclProblem(2, fs.to, err)
	}
	have := make(map[string]string, len(acl2))
	for _, e := range acl2 {
		have[e.Identifier] = e.Rights
	}
	for _, e := range acl1 {
		r.note(fmt.Sprintf("Host1: user %s has acl [%s] on host1", e.Identifier, e.Rights))
		switch {
		case e.Identifier == r.p.Host1.User || e.Identifier == r.p.Host2.User:
			continue // the owners keep what they have
		case have[e.Identifier] == e.Rights:
			r.note(fmt.Sprintf("Host2: user %s has already the same acl, no need to set it.", e.Identifier))
			continue
		}
		dry := ""
		if r.p.Dry {
			dry = "\t(not really since --dry mode)"
		}
		r.note(fmt.Sprintf("Host2: setting acl for folder %s user %s acl %s %s", fs.to.Raw, e.Identifier, e.Rights, dry))
		if r.p.Dry {
			continue
		}
		err := fs.conns.dst.Do(ctx, func(c *imapconn.Conn) error { return c.SetACL(ctx, fs.to.Raw, e.Identifier, e.Rights) })
		if err != nil {
			if !isRefusal(err) {
				return err
			}
			r.warn(fmt.Sprintf("Could not set acl for user %s on host2: %s", e.Identifier, serverWords(err)))
		}
	}
	return nil
}

var errNoACL = errors.New("the server has no ACL capability")

func (fs *folderSync) aclProblem(n event.Side, f event.Folder, err error) error {
	if isConnError(err) {
		return err
	}
	fs.run.warn(fmt.Sprintf("Host%d: Could not getacl for %s: %s", n, f.Raw, serverWords(err)))
	return nil
}
