package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/transfer"
	"github.com/imaphaul/imaphaul/internal/transform"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// One keyword that a server does not take must cost neither \Seen nor the other
// keywords: it is found, told, and not asked for again.

// known2 is flags without the keywords that host2 refused in this folder.
func (fs *folderSync) known2(flags []imap.Flag) []imap.Flag {
	if len(fs.refusedWords) == 0 {
		return flags
	}
	var out []imap.Flag
	for _, f := range flags {
		if !fs.refusedWords[strings.ToLower(string(f))] {
			out = append(out, f)
		}
	}
	return out
}

// storeWords stores the flags of a group that were refused together: the system flags
// first, then the keywords, in halves. No keyword is at fault where host2 refuses the others,
// too: it stores nothing now. false without an error: not all is known to be stored or not
// taken, and the next run is to ask again.
func (fs *folderSync) storeWords(ctx context.Context, g *flagGroup) (bool, error) {
	kept := transform.SystemFlags(g.flags)
	if stored, err := fs.tryStore(ctx, &flagGroup{flags: kept, uids: g.uids, srcs: g.srcs, untold: g.untold, of: g.flags}); err != nil || !stored {
		return false, err
	}
	settled := true
	if err := fs.addWords(ctx, g.uids, transform.WithoutFlags(g.flags, kept), &kept, &settled); err != nil {
		return false, err
	}
	if settled {
		fs.keptOnly(g, kept)
	}
	return settled, nil
}

// addWords adds keywords to messages, as far as host2 takes them. settled becomes false where
// it only says that it does not now.
func (fs *folderSync) addWords(ctx context.Context, uids []imap.UID, words []imap.Flag, kept *[]imap.Flag, settled *bool) error {
	if len(words) == 0 {
		return nil
	}
	err := fs.conns.dst.Do(ctx, func(c *imapconn.Conn) error {
		_, err := c.UIDStore(ctx, uidset.Sorted(uids), words, imapconn.StoreOptions{Op: imap.StoreFlagsAdd, Silent: true})
		return err
	})
	if err == nil {
		*kept = append(*kept, words...)
		return nil
	}
	resp, refused := refusalIn(err)
	if !refused || isConnError(err) {
		return err
	}
	if fs.run.dst.Classify(resp).Later() {
		*settled = false
		fs.flagsRefused(uids, words, resp)
		return nil
	}
	if len(words) == 1 {
		if fs.refusedWords == nil {
			fs.refusedWords = make(map[string]bool)
		}
		fs.refusedWords[strings.ToLower(string(words[0]))] = true
		fs.run.note(fmt.Sprintf("Host2: folder [%s] refuses the flags (%s): %s; all others are set", fs.to.Raw, words[0], serverWords(err)))
		return nil
	}
	half := len(words) / 2
	if err := fs.addWords(ctx, uids, words[:half], kept, settled); err != nil {
		return err
	}
	return fs.addWords(ctx, uids, words[half:], kept, settled)
}

// keptOnly notes that host2 keeps only these flags of a group, so that the next run
// does not ask for the others again.
func (fs *folderSync) keptOnly(g *flagGroup, kept []imap.Flag) {
	id := fs.run.flags[1].Intern(kept)
	for i, uid := range g.uids {
		if d := fs.dst.Find(uid); d >= 0 {
			fs.dst.Recs[d].Flags = id
		}
		if len(kept) < len(g.flags) && g.srcs[i] >= 0 {
			fs.src.Recs[g.srcs[i]].Bits |= listing.FlagsKept
		}
	}
}

// restoreKeywords gives messages that were copied without their keywords, since host2
// refused them with these, the keywords that it takes.
func (fs *folderSync) restoreKeywords(ctx context.Context, c *transfer.Folder) error {
	if fs.run.p.Dry {
		return nil
	}
	var groups flagGroups
	var fewer []*transfer.Message
	for i := range c.Messages {
		t := &c.Messages[i]
		if t.Outcome != transfer.Copied || t.NewUID == 0 || !t.FewerFlags() {
			continue
		}
		src := &fs.src.Recs[t.Src]
		want, ok, err := fs.mapper.ForStore(fs.run.flags[0].List(src.Flags))
		if err != nil || !ok || len(want)-len(transform.SystemFlags(want)) < 2 {
			continue // one keyword: it was that one
		}
		groups.add(src.Flags, want, t.NewUID, t.Src)
		fewer = append(fewer, t)
	}
	if len(fewer) == 0 {
		return nil
	}
	// Some servers show a session what it appended only after another SELECT.
	if _, err := fs.conns.dst.Open(ctx, fs.to.Raw, true); err != nil {
		return fs.notOpened(2, err)
	}
	for _, g := range groups.order {
		if _, err := fs.storeWords(ctx, g); err != nil {
			return err
		}
	}
	for _, t := range fewer {
		if want, ok, err := fs.mapper.ForStore(fs.run.flags[0].List(fs.src.Recs[t.Src].Flags)); err == nil && ok {
			t.HasNow(fs.known2(want))
		}
	}
	return nil
}
