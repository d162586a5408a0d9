package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// questionFolder is what the name of the folder begins with that is made on host2 for
// a moment to see whether host1 has it then.
const questionFolder = "imaphaul-question-"

// oneAccount is the answer to the question whether both sides are one account: why
// they are, or why it could not be found out.
type oneAccount struct{ why, unknown string }

// askAccount asks, once in a run, whether both sides are one account. In a dry run only
// the options tell.
func (r *run) askAccount(ctx context.Context) (*oneAccount, error) {
	if r.guard2.oneAccount != nil {
		return r.guard2.oneAccount, nil
	}
	var a oneAccount
	var err error
	if r.p.Dry {
		if r.sameLogin() {
			a.why = "host1 and host2 are one account by the options given"
		}
	} else {
		a, err = r.makeAndLook(ctx)
	}
	if err != nil {
		return nil, err
	}
	r.guard2.oneAccount = &a
	return &a, nil
}

func (r *run) makeAndLook(ctx context.Context) (a oneAccount, err error) {
	word := make([]byte, 8)
	_, _ = rand.Read(word) // never fails
	last := questionFolder + hex.EncodeToString(word)
	name := last
	if s := r.dst.space; s.FromNamespace {
		name = s.NamespacePrefix + last
	}
	err = r.main.dst.Do(ctx, func(c *imapconn.Conn) error { return c.Create(ctx, name) })
	if err != nil {
		if !isRefusal(err) {
			return a, err
		}
		a.unknown = fmt.Sprintf("it is not known whether both sides are one account: host2 does not create folder %s: %s", name, serverWords(err))
		return a, nil
	}
	found := ""
	lookErr := r.main.src.Do(ctx, func(c *imapconn.Conn) error {
		list, err := c.List(ctx, "", "*"+last, nil)
		for _, l := range list {
			if strings.HasSuffix(l.Name, last) {
				found = l.Name
			}
		}
		return err
	})
	err = r.main.dst.Do(ctx, func(c *imapconn.Conn) error { return c.Delete(ctx, name) })
	if err != nil {
		r.warn(fmt.Sprintf("Host2: folder [%s], made to see whether host1 has it then, could not be deleted again; delete it: %s", name, serverWords(err)))
		if !isRefusal(err) {
			return a, err
		}
	}
	switch {
	case found != "":
		a.why = fmt.Sprintf("a folder was made on host2, and host1 had it then as [%s]; so both are one account. It is taken away again", found)
	case lookErr != nil && !isRefusal(lookErr):
		return a, lookErr
	case lookErr != nil:
		a.unknown = fmt.Sprintf("it is not known whether both sides are one account: host1 does not list its folders: %s", serverWords(lookErr))
	}
	return a, nil
}

// mayRemoveSource says why an empty host1 folder must not be deleted, "" if it may be:
// in one account it may be what mail was copied to.
func (r *run) mayRemoveSource(ctx context.Context, name string) (string, error) {
	if !slices.ContainsFunc(r.dst.world.Folders, func(f folders.Folder) bool { return sameName(f.Name, name) }) {
		return "", nil // host2 has no such folder, so it is not host2's
	}
	a, err := r.askAccount(ctx)
	if err != nil {
		return "", err
	}
	into := false
	for i := range r.table.Rows {
		into = into || sameName(r.table.Rows[i].To, name)
	}
	switch {
	case a.unknown != "":
		return a.unknown, nil
	case a.why == "" || !into:
		return "", nil
	}
	r.refuseFolder(1, name, a.why)
	return a.why, nil
}

// refuseFolder refuses to delete a folder since both sides are one account.
func (r *run) refuseFolder(side event.Side, name, why string) {
	r.fault(event.Error{Class: event.ErrRefused, Folder: folderName(name),
		Text: fmt.Sprintf("Host%d: folder %s: refused to delete it: %s", side, name, why),
		Hint: "look whether host1 leads to the old server still: a name may lead to the new one since the DNS was changed"})
}
