package engine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"maps"
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

// readHistory enters what the journal knows of unchanged folders.
func (e *equalPlaces) readHistory() error {
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

// findEqual notes which messages to copy another folder of host2 may have, so that they
// need not be uploaded. Whether it has them is read when they are copied, see sameBytes.
func (fs *folderSync) findEqual(c *transfer.Folder) {
	r := fs.run
	if !r.findsEqual() || len(c.Messages) == 0 || !fs.exists || r.apart(fs.to.Raw) {
		return
	}
	if err := r.equal.readHistory(); err != nil {
		r.JournalFailed(err)
		r.equal.still = nil
	}
	for i := range c.Messages {
		s := &fs.src.Recs[c.Messages[i].Src]
		at, ok := r.equal.at[equalForm(s.Key.Sum, s.Size)]
		if !ok || s.Key.IsZero() || r.equal.folders[at.folder].name == fs.to.Raw {
			continue
		}
		other := r.equal.folders[at.folder]
		c.MayLieIn(s.UID, other.name, other.validity, at.uid)
	}
}

// sameBytes reports which messages of this folder on host1 are, byte for byte, messages of
// the host2 folder that is open: pairs are their UIDs, host1's and host2's.
func (fs *folderSync) sameBytes(ctx context.Context, pairs map[imap.UID]imap.UID) (map[imap.UID]bool, error) {
	there := slices.Compact(slices.Sorted(maps.Values(pairs)))
	var sums [2]map[imap.UID][sha256.Size]byte
	if err := fs.conns.Both(ctx, func() (err error) {
		sums[0], err = readSums(ctx, fs.conns.src, slices.Sorted(maps.Keys(pairs)))
		return err
	}, func() (err error) {
		sums[1], err = readSums(ctx, fs.conns.dst, there)
		return err
	}); err != nil {
		return nil, err
	}
	same := make(map[imap.UID]bool, len(pairs))
	for one, two := range pairs {
		sum1, came1 := sums[0][one]
		sum2, came2 := sums[1][two]
		same[one] = came1 && came2 && sum1 == sum2
	}
	return same, nil
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
