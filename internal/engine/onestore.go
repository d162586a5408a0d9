package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// A server may show one mailbox, a store, under several names: by a link in its file system,
// an alias, a second namespace. A message is in a store, not under a name: what one folder of
// host1 has there is its copy, by whatever name that folder goes there, and no copy of what
// another folder has with the same key. So names that are one store count as one folder, as
// if they were one name. Numbers that differ tell two stores apart; where they are equal the
// last messages of both are looked at.

// storeNumbers are what one store tells under each of its names, 0 for what it does not.
type storeNumbers struct {
	validity, messages uint32
	next               imap.UID
	bytes              int64
	modseq             uint64
}

// findStores finds the names of host2 that are one store, among those that may take part,
// which cannot be told apart by what LIST or STATUS told of them. What is empty has nothing
// that could be taken for another's, see noteStore.
func (r *run) findStores(ctx context.Context) error {
	if err := r.askNumbers(ctx); err != nil {
		return err
	}
	wanted := make(map[string]bool)
	for i := range r.table.Rows {
		wanted[r.table.Rows[i].To] = true
	}
	groups, some := make(map[storeNumbers][]string), make(map[storeNumbers]bool)
	var order []storeNumbers
	for _, name := range slices.Sorted(maps.Keys(r.dst.status)) {
		s := r.dst.status[name]
		if s.NumMessages == nil || *s.NumMessages == 0 || s.UIDValidity == 0 && s.UIDNext == 0 {
			continue
		}
		n := storeNumbers{s.UIDValidity, *s.NumMessages, s.UIDNext, 0, s.HighestModSeq}
		if s.Size != nil {
			n.bytes = *s.Size
		}
		if groups[n] == nil {
			order = append(order, n)
		}
		groups[n] = append(groups[n], name)
		some[n] = some[n] || wanted[name]
	}
	for _, n := range order {
		if len(groups[n]) < 2 || !some[n] {
			continue
		}
		if err := r.findStoresAmong(ctx, groups[n]); err != nil {
			return err
		}
	}
	return nil
}

// askNumbers asks, in one round trip, for the numbers of folders that LIST and the table of
// sizes did not tell: of those that this run goes to, or another one goes to or went to.
func (r *run) askNumbers(ctx context.Context) error {
	names := make(map[string]bool)
	for i := range r.table.Rows {
		names[r.table.Rows[i].To] = true
	}
	if len(names) < len(r.dst.world.Folders) { // some may be left out by an option
		all, err := r.wholeTable(ctx)
		if err != nil {
			return err
		}
		for i := range all.Rows {
			names[all.Rows[i].To] = true
		}
	}
	here := func(name string) bool { return r.on2.folders.Has(name) }
	known := make(map[string]bool)
	for _, f := range r.j.Folders() {
		_, two := f.Names()
		names[two], known[two] = true, true
	}
	var ask []string
	told := 0
	for name := range names {
		switch s := r.dst.status[name]; {
		case s != nil && s.NumMessages != nil:
			told++
		case here(name) || known[name]:
			ask = append(ask, name)
		}
	}
	if len(ask) == 0 || len(ask)+told < 2 {
		return nil
	}
	slices.Sort(ask)
	now, err := r.main.dst.Status(ctx, ask)
	maps.Copy(r.dst.status, now)
	return notRefused(err)
}

// findStoresAmong finds the names that are one store among those with the same numbers.
func (r *run) findStoresAmong(ctx context.Context, names []string) error {
	firsts := make(map[string][]string) // the first names of stores, by their last messages
	for _, name := range names {
		last, smallest, err := r.lastMessages(ctx, name)
		if err != nil {
			return err
		}
		known := false
		for _, first := range firsts[last] {
			if last == "" || known {
				break
			}
			if known, err = r.equalBytes(ctx, first, name, smallest); err != nil {
				return err
			}
			if known {
				r.noteOneStore(first, name)
			}
		}
		if !known && len(firsts[last]) < sameStoreLooks {
			firsts[last] = append(firsts[last], name)
		}
	}
	r.main.dst.Forget()
	return nil
}

// noteOneStore notes that two names are one store, and tells it.
func (r *run) noteOneStore(first, name string) {
	if r.on2.stores == nil {
		r.on2.stores = make(map[string]string)
	}
	r.on2.stores[name] = r.storeName(first)
	r.warn(fmt.Sprintf("Host2: [%s] and [%s] have the same messages under the same UIDs: they are one mailbox with two names, and what goes to one of them is in the other, too", folders.Text(first), folders.Text(name)))
}

// joinStore finds out whether a folder that host2 has and did not list is the store of one
// that it did: then both are one folder from here on.
func (fs *folderSync) joinStore(ctx context.Context) error {
	r, name := fs.run, fs.to.Raw
	if r.otherStoreName(name) != "" {
		return nil
	}
	told, err := r.main.dst.Status(ctx, []string{name})
	s := told[name]
	if err != nil || s == nil || s.NumMessages == nil || *s.NumMessages == 0 {
		return notRefused(err)
	}
	var like, names []string
	for _, f := range r.dst.world.Folders {
		if was := r.dst.status[f.Name]; f.Selectable() && f.Name != name && (was == nil || was.UIDValidity == s.UIDValidity) {
			like = append(like, f.Name)
		}
	}
	now, err := r.main.dst.Status(ctx, like)
	if err != nil {
		return notRefused(err)
	}
	for _, other := range like {
		if o := now[other]; o != nil && o.NumMessages != nil && *o.NumMessages == *s.NumMessages && o.UIDValidity == s.UIDValidity && o.UIDNext == s.UIDNext {
			names = append(names, other)
		}
	}
	if len(names) == 0 {
		return nil
	}
	if err := r.findStoresAmong(ctx, append(names, name)); err != nil || r.storeName(name) == name {
		return err
	}
	r.guard2.into = nil
	m := r.merges[r.mergeKey(name)]
	if m == nil {
		r.merges[r.mergeKey(name)] = fs.merge
		return nil
	}
	m.sources++
	m.left++
	fs.merge = m
	return nil
}

// notRefused is an error that is no refusal.
func notRefused(err error) error {
	if err != nil && isRefusal(err) && !isConnError(err) {
		return nil
	}
	return err
}

// lastMessages are UIDs, sizes and dates of the last messages of a host2 folder as a text,
// and the UID of the smallest of them; "" for one that cannot be looked into.
func (r *run) lastMessages(ctx context.Context, name string) (text string, small imap.UID, err error) {
	k := r.main.dst
	if _, err := k.Open(ctx, name, false); err != nil {
		if isRefusal(err) {
			return "", 0, nil
		}
		return "", 0, err
	}
	var uids []imap.UID
	err = k.Do(ctx, func(c *imapconn.Conn) error {
		found, err := c.UIDSearchReturn(ctx, "ALL")
		if err == nil {
			uids = uidset.Last(found.All, sameStoreLooks)
		}
		return err
	})
	var of map[imap.UID]dateAndSize
	if err == nil {
		of, err = k.datesAndSizes(ctx, uids)
	}
	switch {
	case err != nil && isRefusal(err) && !isConnError(err), err == nil && len(of) == 0:
		return "", 0, nil
	case err != nil:
		return "", 0, err
	}
	return fmt.Sprint(of), smallest(of), nil // in the order of UIDs
}

// storeName is the first name of the store that a name of host2 belongs to.
func (r *run) storeName(name string) string {
	if first, ok := r.on2.stores[name]; ok {
		return first
	}
	return name
}

// otherStoreName is another name of the store that a name of host2 belongs to, "" for none.
func (r *run) otherStoreName(name string) string {
	if first := r.storeName(name); first != name {
		return first
	}
	for other, first := range r.on2.stores {
		if first == name {
			return other
		}
	}
	return ""
}

// What was empty when the run began, or was not listed, may be one store, too. Then what one
// folder of host1 brought there is seen under the next name.

// sign is a message of host2 that a folder has there for certain, as host1 knows it.
type sign struct {
	uid2 imap.UID
	listing.Record
}

// signs is how many of them are kept of a folder.
const signs = 3

// noteSigns keeps the last messages of the folder on host2 of which it is certain.
func (c *folderCheck) noteSigns() {
	note := func(uid1, uid2 imap.UID) {
		i := c.fs.src.Find(uid1)
		if i < 0 || len(c.signs) == signs && uid2 <= c.signs[0].uid2 {
			return
		}
		at, _ := slices.BinarySearchFunc(c.signs, uid2, func(s sign, uid imap.UID) int { return int(int64(s.uid2) - int64(uid)) })
		c.signs = slices.Insert(c.signs, at, sign{uid2, c.fs.src.Recs[i]})
		c.signs = c.signs[max(0, len(c.signs)-signs):]
	}
	c.certain.Each(note)
	c.all.Each(note)
}

// noteStore finds out whether a name that this run has dealt with may be the folder's store,
// too: with the same UIDVALIDITY a message that is there for certain is here as well. Nothing
// is asked, since no more is done for it than to read contents where keys are equal; before
// anything is deleted on host2 the store is looked at, see stayFor2Names.
func (fs *folderSync) noteStore() {
	r := fs.run
	for _, check := range r.checks {
		if check.Before.UIDValidity != fs.dstOpened.UIDValidity || len(check.signs) == 0 || r.sameFolder2(check.fs.to.Raw, fs.to.Raw) || !fs.hasSign(check.signs) {
			continue
		}
		if r.on2.maybe == nil {
			r.on2.maybe = make(map[string]string)
		}
		r.on2.maybe[fs.to.Raw] = r.maybeName(check.fs.to.Raw)
		r.note(fmt.Sprintf("Host2: [%s] has a message under the UID that it has in [%s]: they may be one mailbox with two names", fs.to.Text, check.fs.to.Text))
		return
	}
}

// hasSign reports whether the folder has one of these messages on host2.
func (fs *folderSync) hasSign(of []sign) bool {
	return slices.ContainsFunc(of, func(s sign) bool {
		i := fs.dst.Find(s.uid2)
		if i < 0 {
			return false
		}
		d := &fs.dst.Recs[i]
		return d.Is(listing.HasKey) && s.Is(listing.HasKey) && d.Key.Base() == s.Key.Base() || s.SameDate(d)
	})
}

// maybeName is the name by which names of host2 are known that may be one store.
func (r *run) maybeName(name string) string {
	if first, ok := r.on2.maybe[name]; ok {
		return first
	}
	return name
}
