package engine

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// mergeState is what several host1 folders that go into one host2 folder know of
// each other: what any of them holds counts as present for all of them.
type mergeState struct {
	// sources is how many host1 folders go here, left how many of them are not
	// done yet.
	sources, left int
	// changed: one of them is to be looked at, so all are: what is equal in several of them
	// has the flags of all on host2.
	changed bool
	// union holds the keys of all these folders; kept only when there are
	// several of them and something may be deleted.
	union map[identity.Key]struct{}
	// whole and nameless count host1 messages, all of them.
	whole, nameless int64
	failed          int64
	// spoiled says why nothing may be deleted here.
	spoiled string
	// gone counts messages deleted on host2, goneBytes their bytes; goneUntold: not of all
	// of them host2 told how many these are.
	gone, goneBytes int64
	goneUntold      bool
	// flags are those of equal messages, by the name of the host2 folder.
	flags map[string]*equalFlags
	// doubles are the messages that --delete2duplicates takes.
	doubles map[imap.UID]bool
	// dry are the messages that a dry run would have brought here from the folders
	// before, and their sizes.
	dry      map[dryCopy][]*dryFrom
	dryCount imap.UID
	// twins are keys that several of these folders may have, nil until they are asked for.
	twins *twins
	// claims is what journals know of the host2 folder, nil unless something may be
	// deleted there.
	claims *claims
}

// wouldCopy notes a message that a dry run would copy, and reports whether one equal to
// it, as far as the listings tell, would be there by then from another folder.
func (fs *folderSync) wouldCopy(s int32) bool {
	m, r := fs.merge, &fs.src.Recs[s]
	k, ok := fs.dryKey(r)
	if !ok || m.sources < 2 || fs.run.p.Identity.SyncDuplicates {
		return false
	}
	if first := fs.otherWouldCopy(r); first != nil {
		if fs.dry.shares == nil {
			fs.dry.shares = make(map[int32]*dryFrom)
		}
		fs.dry.shares[s] = first
		return true
	}
	if m.dry == nil {
		m.dry = make(map[dryCopy][]*dryFrom)
	}
	if len(m.dry[k]) < maxDryFrom {
		m.dryCount++
		first := &dryFrom{from: fs.from.Raw, size: r.Size, uid: ^imap.UID(0) - m.dryCount}
		m.dry[k] = append(m.dry[k], first)
		if fs.dry.brings == nil {
			fs.dry.brings = make(map[int32]*dryFrom)
		}
		fs.dry.brings[s] = first
	}
	return false
}

// otherWouldCopy is the message equal to this one, as far as the listings tell, that a
// dry run would bring from another folder; nil: there is none.
func (fs *folderSync) otherWouldCopy(r *listing.Record) *dryFrom {
	k, _ := fs.dryKey(r)
	for _, first := range fs.merge.dry[k] {
		if first.size == r.Size && first.from != fs.from.Raw {
			return first
		}
	}
	return nil
}

// dryKey is what tells whether messages of two folders are equal. The key of an added
// header is made of a UID and says nothing of the content, which was read instead.
func (fs *folderSync) dryKey(r *listing.Record) (dryCopy, bool) {
	k := dryCopy{fs.run.surelyKey(fs.to.Raw), r.Key}
	if r.Is(listing.AddedHeader) {
		content, ok := fs.dry.added[r.UID]
		if k.key = (identity.Key{}); !ok {
			return k, false
		}
		copy(k.key.Sum[:], content[:])
	}
	return k, true
}

// readAdded reads, for a dry run, the messages with an added header that it would copy
// to the folder of several: only their contents tell which of them are equal.
func (fs *folderSync) readAdded(ctx context.Context) error {
	if !fs.run.p.Dry || !fs.run.p.Identity.AddHeader || fs.merge.sources < 2 || fs.run.pipeline.Active() {
		return nil
	}
	var uids []imap.UID
	for _, s := range fs.pairing.Missing {
		if r := &fs.src.Recs[s]; r.Is(listing.AddedHeader) {
			uids = append(uids, r.UID)
		}
	}
	read, err := fs.readMessages(ctx, fs.conns.src, uids)
	fs.dry.added = make(map[imap.UID]identity.Digest, len(read))
	for uid, m := range read {
		fs.dry.added[uid] = m.Exact
	}
	return err
}

// wouldBeThere has a dry run count as missing what is told from its copy by the order
// alone, or not at all, when another folder would bring one that is equal: that one
// stands for it then.
func (fs *folderSync) wouldBeThere() {
	if !fs.run.p.Dry || len(fs.merge.dry) == 0 {
		return
	}
	p := &fs.pairing
	present := p.Present[:0]
	for _, m := range p.Present {
		if m.Trust == compare.Certain || fs.otherWouldCopy(&fs.src.Recs[m.Src]) == nil {
			present = append(present, m)
			continue
		}
		if m.Trust == compare.Doubtful {
			p.Doubtful--
		} else {
			p.Likely--
		}
		p.Missing = append(p.Missing, m.Src)
	}
	p.Present = present
	slices.Sort(p.Missing)
}

// dryCopy is a message that a dry run would bring to a folder.
type dryCopy struct {
	to  string
	key identity.Key
}

// maxDryFrom bounds how many messages of one key are remembered.
const maxDryFrom = 50

// dryFolder is what a rehearsal finds out of a folder, mostly of one that goes to the same as
// others: the messages that it would bring, by host1's records, those that others would
// have brought by then, and the contents of messages with an added header.
type dryFolder struct {
	brings, shares map[int32]*dryFrom
	added          map[imap.UID]identity.Digest
	// marks tells of messages of host2 that would get other flags whether \Deleted is one.
	marks map[imap.UID]bool
}

// dryFrom is a host1 folder that it would come from, its size, the flags it would be
// stored with, and a UID that stands for the one it would get.
type dryFrom struct {
	from  string
	size  int64
	flags []imap.Flag
	uid   imap.UID
}

func (m *mergeState) spoil(why string) {
	if m.spoiled == "" {
		m.spoiled = why
	}
}

// countMerges finds out which host2 folders get more than one host1 folder.
// Names that the destination takes for the same one count as one.
func (r *run) countMerges(ctx context.Context) error {
	r.findAliases()
	if err := r.tellListedAliases(ctx); err != nil {
		return err
	}
	if err := r.findStores(ctx); err != nil {
		return err
	}
	r.findLeft()
	r.readUnproved()
	for i := range r.table.Rows {
		m := r.mergeOf(&r.table.Rows[i])
		m.sources++
		m.left++
	}
	for i := range r.table.Rows {
		row := &r.table.Rows[i]
		m := r.mergeOf(row)
		if m.sources < 2 || m.changed {
			continue
		}
		fs := &folderSync{run: r, row: row, from: folderName(row.From), to: folderName(row.To), merge: m}
		m.changed = !fs.unchanged()
	}
	return nil
}

// findAliases finds host2 names that differ in case only. If host2 listed all of
// them at the start they are folders of their own; else it may take them for one,
// and answer to both.
func (r *run) findAliases() {
	r.on2.aliases = make(map[string]bool)
	listed := make(map[string]bool)
	for _, f := range r.dst.world.Folders {
		listed[f.Name] = f.Selectable()
	}
	spelt := make(map[string]string)
	for i := range r.table.Rows {
		to := r.table.Rows[i].To
		lower := folders.FoldKey(to)
		other, ok := spelt[lower]
		if !ok {
			spelt[lower] = to
			continue
		}
		if other != to && (!listed[other] || !listed[to]) {
			r.on2.aliases[lower] = true
		}
	}
}

// mergeKey is the same for names that host2 takes for one folder, or may.
func (r *run) mergeKey(name string) string {
	name = r.storeName(name)
	if lower := folders.FoldKey(name); r.on2.aliases[lower] {
		return lower
	}
	return r.surelyKey(name)
}

// surelyKey is the same for names that are one folder on host2 for certain: INBOX in every
// case of letters (RFC 9051 section 5.1), others where the server knows no case, and those
// that were seen to be one.
func (r *run) surelyKey(name string) string {
	name = r.storeName(name)
	if lower := folders.FoldKey(name); folders.IsInbox(name) || r.dst.Family.FoldsCase() || r.on2.one[lower] {
		return lower
	}
	return name
}

// waitsForOthers reports whether the deletions in the host2 folder wait for other host1
// folders that go there. Names that differ in case only count as one folder until
// host2 is seen to tell them apart.
func (fs *folderSync) waitsForOthers(ctx context.Context) (bool, error) {
	r, d := fs.run, &fs.run.p.Deletion
	if fs.merge.left <= 1 {
		return false, nil
	}
	if !d.Delete2 && !d.Expunge2 && !d.Delete2Duplicates || r.p.Dry {
		return true, nil
	}
	var names []string
	for i := range r.table.Rows {
		row := &r.table.Rows[i]
		if row == fs.row || r.mergeOf(row) != fs.merge {
			continue
		}
		if r.surelyKey(row.To) == r.surelyKey(fs.to.Raw) {
			return true, nil
		}
		names = append(names, row.To)
	}
	told, err := fs.conns.dst.Status(ctx, names)
	if err != nil {
		return true, err
	}
	for _, s := range told {
		if s.UIDValidity == 0 || s.UIDValidity == fs.dst.UIDValidity {
			return true, nil // it may be this very folder
		}
	}
	return false, nil
}

func (r *run) mergeOf(row *folders.Row) *mergeState {
	key := r.mergeKey(row.To)
	m := r.merges[key]
	if m == nil {
		m = &mergeState{}
		r.merges[key] = m
	}
	return m
}

// see takes the folder's host1 listing into account.
func (m *mergeState) see(fs *folderSync) {
	if !fs.src.Complete {
		m.spoil(fs.src.Why)
	}
	for i := range fs.src.Recs {
		r := &fs.src.Recs[i]
		if r.Is(listing.Report) {
			continue // not what host2's messages could be copies of
		}
		m.whole++
		if !r.Is(listing.HasKey) {
			m.nameless++
		}
	}
	if m.sources < 2 || !fs.run.p.Deletion.Delete2 {
		return
	}
	if m.union == nil {
		m.union = make(map[identity.Key]struct{})
	}
	for i := range fs.src.Recs {
		if r := &fs.src.Recs[i]; r.Is(listing.HasKey) {
			m.union[r.Key] = struct{}{}
		}
	}
}
