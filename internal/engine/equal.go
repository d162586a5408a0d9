package engine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/survey"
	"github.com/imaphaul/imaphaul/internal/transfer"
)

// A message that lies in several folders of an ordinary account becomes one message with
// several labels on Gmail. Its bytes are uploaded once, within a day's quota that is much
// smaller than that of downloads; the other labels come by COPY. Which messages may be
// equal the listings tell; that they are is read from host2, byte for byte.

// equalPlaces are where host2 has what this run, or the journal of an unchanged folder,
// has seen there.
type equalPlaces struct {
	folders []equalFolder
	// still are unchanged folders whose messages nobody has entered yet.
	still []*journal.Folder
	// at takes a short form of key and size, so that a message costs few bytes. Two
	// messages of one form are told apart when they are read.
	at map[uint64]equalPlace
}

type equalFolder struct {
	name     string
	validity uint32
}

type equalPlace struct {
	folder int32
	uid    imap.UID
}

// readEqual is how many messages are held against each other at a time.
const readEqual = 500

// findsEqual reports whether host2 makes one message of equal ones, and this run has to
// find out which these are. Gmail's numbers tell it without reading.
func (r *run) findsEqual() bool {
	return r.dst != nil && r.dst.HasLabels && !r.byNumber() && !r.labels() && r.p.Mode == plan.ModeSync && !r.p.Dry && !r.pipeline.Active()
}

// apart reports whether a host2 folder is one whose messages are apart from all others:
// what Gmail has in its trash has no other label.
func (r *run) apart(name string) bool {
	return slices.ContainsFunc(r.table.Roles2, func(role folders.Role) bool {
		return role.Name == name && (role.Role == `\Trash` || role.Role == `\Junk`)
	})
}

func equalForm(sum [16]byte, size int64) uint64 {
	return binary.LittleEndian.Uint64(sum[:]) ^ uint64(size)*0x9e3779b97f4a7c15
}

// enter notes that a folder of host2 has messages; the first place of one stays.
func (e *equalPlaces) enter(name string, validity uint32) func(sum [16]byte, size int64, uid imap.UID) {
	if e.at == nil {
		e.at = make(map[uint64]equalPlace)
	}
	here := int32(len(e.folders))
	e.folders = append(e.folders, equalFolder{name, validity})
	return func(sum [16]byte, size int64, uid imap.UID) {
		form := equalForm(sum, size)
		if _, known := e.at[form]; !known && uid != 0 && sum != [16]byte{} {
			e.at[form] = equalPlace{here, uid}
		}
	}
}

// noteEqual notes what the folder holds on host2 for certain and as a whole.
func (fs *folderSync) noteEqual(c *transfer.Folder) {
	r := fs.run
	if !r.findsEqual() || r.apart(fs.to.Raw) {
		return
	}
	enter := r.equal.enter(fs.to.Raw, fs.dstOpened.UIDValidity)
	for _, m := range fs.pairing.Present {
		if s := &fs.src.Recs[m.Src]; m.Trust == compare.Certain && !fs.isPart(m) {
			enter(s.Key.Sum, s.Size, fs.dst.Recs[m.Dst].UID)
		}
	}
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Outcome == transfer.Copied && !t.Short && t.Cut() == "" {
			s := &fs.src.Recs[t.Src]
			enter(s.Key.Sum, s.Size, t.NewUID)
		}
	}
}

// noteStill notes that a folder is not looked at, since nothing changed there.
func (fs *folderSync) noteStill() {
	if fs.run.findsEqual() && !fs.run.apart(fs.to.Raw) {
		fs.run.equal.still = append(fs.run.equal.still, fs.run.j.Folder(fs.from.Raw, fs.to.Raw))
	}
}

// recall enters what the journal knows of unchanged folders.
func (e *equalPlaces) recall() error {
	for _, f := range e.still {
		state, ok := f.State()
		if !ok {
			continue
		}
		_, name := f.Names()
		enter := e.enter(name, state.UIDValidity2)
		for m, err := range f.Entries() {
			if err != nil {
				return err
			}
			if !m.Cut {
				enter(m.Key, m.Size, m.UID2)
			}
		}
	}
	e.still = nil
	return nil
}

// findEqual finds the messages to copy that another folder of host2 has, so that they
// need not be uploaded.
func (fs *folderSync) findEqual(ctx context.Context, c *transfer.Folder) error {
	r := fs.run
	if !r.findsEqual() || len(c.Messages) == 0 || !fs.exists || r.apart(fs.to.Raw) {
		return nil
	}
	if err := r.equal.recall(); err != nil {
		r.JournalFailed(err)
		r.equal.still = nil
	}
	byFolder := make(map[int32]map[imap.UID]imap.UID) // host2's UID there -> host1's here
	for i := range c.Messages {
		s := &fs.src.Recs[c.Messages[i].Src]
		at, ok := r.equal.at[equalForm(s.Key.Sum, s.Size)]
		if !ok || s.Key.IsZero() || r.equal.folders[at.folder].name == fs.to.Raw {
			continue
		}
		if byFolder[at.folder] == nil {
			byFolder[at.folder] = make(map[imap.UID]imap.UID)
		}
		byFolder[at.folder][at.uid] = s.UID
	}
	if len(byFolder) == 0 {
		return nil
	}
	for n, uids := range byFolder {
		if err := fs.readEqual(ctx, r.equal.folders[n], uids, c); err != nil {
			return err
		}
	}
	_, err := fs.lane.dst.Open(ctx, fs.to.Raw, true)
	return err
}

// readEqual holds messages of another host2 folder against those of host1's that may be
// equal.
func (fs *folderSync) readEqual(ctx context.Context, other equalFolder, pairs map[imap.UID]imap.UID, c *transfer.Folder) error {
	uids := make([]imap.UID, 0, len(pairs))
	for uid := range pairs {
		uids = append(uids, uid)
	}
	slices.Sort(uids)
	opened, err := fs.lane.dst.Open(ctx, other.name, false)
	if isRefusal(err) || err == nil && opened.UIDValidity != other.validity {
		return nil
	}
	if err != nil {
		return err
	}
	for part := range slices.Chunk(uids, readEqual) {
		if fs.run.stopping() {
			return nil
		}
		here := make([]imap.UID, len(part))
		for i, uid := range part {
			here[i] = pairs[uid]
		}
		slices.Sort(here)
		var sums [2]map[imap.UID][sha256.Size]byte
		if err := fs.lane.Both(ctx, func() (err error) {
			sums[0], err = readSums(ctx, fs.lane.src, here)
			return err
		}, func() (err error) {
			sums[1], err = readSums(ctx, fs.lane.dst, part)
			return err
		}); err != nil {
			return err
		}
		for _, uid := range part {
			one, ok := sums[0][pairs[uid]]
			if two, there := sums[1][uid]; ok && there && one == two {
				c.HasElsewhere(pairs[uid], other.name, other.validity, uid)
			}
		}
	}
	return nil
}

// readSums reads messages of the folder that is open, and returns their digests, byte
// for byte. Those that do not come are left out.
func readSums(ctx context.Context, k *link, uids []imap.UID) (map[imap.UID][sha256.Size]byte, error) {
	out := make(map[imap.UID][sha256.Size]byte, len(uids))
	err := survey.ReadEach(ctx, k.Link, uids, imapconn.FetchItems{UID: true, Body: true}, func(m *imapconn.Message) error {
		if m.Body == nil {
			return nil
		}
		h := sha256.New()
		n, err := io.Copy(h, m.Body)
		if err == nil && n > 0 { // an empty one is what Gmail says now and then
			out[m.UID] = [sha256.Size]byte(h.Sum(nil))
		}
		return err
	})
	return out, err
}
