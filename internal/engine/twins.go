package engine

import (
	"context"
	"slices"

	"github.com/imaphaul/imaphaul/internal/compare"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/listing"
)

// A key that stands once in a host1 folder and once on host2 decides alone, unless another
// host1 folder has it that goes to the same place: host2's message may be that one's, and
// the two need not be equal. So before a message is taken for the copy of one that no run
// has tied to it, the headers of these folders are read, once for all of them.

// twins are keys of messages that host2 had, and which of the host1 folders that go there
// has it: the number of its name, or one of those below.
type twins struct {
	folders []string
	at      map[identity.Key]int32
	unsure  bool // not all of them could be listed
}

const (
	noFolder    = int32(-1)
	moreThanOne = int32(-2)
)

// findTwins makes twin answer for the messages that are to be paired by their key alone.
func (fs *folderSync) findTwins(ctx context.Context, known []int32, claims []compare.Claim) error {
	fs.rivals = nil
	if fs.run.pipeline.Active() {
		return nil // then no key proves anything
	}
	open := fs.openKeys(known, claims)
	if len(open) == 0 {
		return nil
	}
	names, err := fs.goThere(ctx)
	if err != nil || len(names) < 2 {
		return err
	}
	if fs.run.p.Deletion.Delete1 {
		// The other one may have left host1 as copied, in a run that nobody knows of.
		fs.rivals = &twins{unsure: true}
		return nil
	}
	m := fs.merge
	if m.twins == nil || !slices.Equal(m.twins.folders, names) || slices.ContainsFunc(open, func(k identity.Key) bool { _, asked := m.twins.at[k]; return !asked }) {
		t := &twins{folders: names, at: make(map[identity.Key]int32, len(open))}
		for i := range fs.dst.Recs {
			if r := &fs.dst.Recs[i]; r.Is(listing.HasKey) {
				t.at[r.Key] = noFolder
			}
		}
		if err := fs.listTwins(ctx, t); err != nil {
			return err
		}
		m.twins = t
	}
	fs.rivals = m.twins
	return nil
}

// openKeys are the keys that decide alone whether a host1 message is on host2.
func (fs *folderSync) openKeys(known []int32, claims []compare.Claim) (open []identity.Key) {
	tied := make(map[int32]bool)
	src := make(map[identity.Key]bool)
	for i, d := range known {
		if r := &fs.src.Recs[i]; d >= 0 {
			tied[d] = true
		} else if r.Is(listing.HasKey) {
			src[r.Key] = true
		}
	}
	if len(src) == 0 {
		return nil
	}
	for i := range fs.dst.Recs {
		if r := &fs.dst.Recs[i]; claims[i] == compare.Free && !tied[int32(i)] && src[r.Key] {
			open = append(open, r.Key)
		}
	}
	return open
}

// goThere are the host1 folders that go to the folder's store on host2, whether or not they
// take part, by name.
func (fs *folderSync) goThere(ctx context.Context) ([]string, error) {
	r := fs.run
	if r.guard2.into == nil {
		all, err := r.wholeTable(ctx)
		if err != nil {
			return nil, err
		}
		r.guard2.into = make(map[string][]*folders.Row)
		for _, rows := range [][]folders.Row{r.table.Rows, all.Rows} {
			for i := range rows {
				row := &rows[i]
				if key := r.bucket(row.To); row.Refused == "" {
					r.guard2.into[key] = append(r.guard2.into[key], row)
				}
				if key := r.bucket(row.Fallback); row.Fallback != "" {
					r.guard2.into[key] = append(r.guard2.into[key], row)
				}
			}
		}
	}
	names := []string{fs.from.Raw}
	for _, row := range r.guard2.into[r.bucket(fs.to.Raw)] {
		if r.sameFolder2(row.To, fs.to.Raw) {
			names = append(names, row.From)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// bucket is the same for all names that may be one folder of host2, and for few others.
func (r *run) bucket(name string) string { return folders.FoldKey(r.storeName(name)) }

// listTwins enters which of the folders has each key. Of one that cannot be listed that is
// not known: then it may be any.
func (fs *folderSync) listTwins(ctx context.Context, t *twins) error {
	for n, name := range t.folders {
		src := fs.src
		if name != fs.from.Raw {
			var err error
			if src, err = fs.listOther(ctx, name); err != nil {
				return err
			}
		}
		if src == nil || !src.Complete {
			t.unsure = true
			continue
		}
		for i := range src.Recs {
			r := &src.Recs[i]
			was, asked := t.at[r.Key]
			switch {
			case !asked || !r.Is(listing.HasKey) || was == int32(n): //nolint:gosec // a number of folders
			case was == noFolder:
				t.at[r.Key] = int32(n) //nolint:gosec // a number of folders
			default:
				t.at[r.Key] = moreThanOne
			}
		}
	}
	_, err := fs.conns.src.Open(ctx, fs.from.Raw, fs.writable1())
	return err
}

// listOther lists another folder of host1, nil for one that cannot be.
func (fs *folderSync) listOther(ctx context.Context, name string) (*listing.Listing, error) {
	_, err := fs.conns.src.Open(ctx, name, false)
	var l *listing.Listing
	if err == nil {
		other := &folderSync{run: fs.run, conns: fs.conns, from: folderName(name), to: fs.to}
		l, err = other.lister(fs.conns.src, 1).List(ctx)
	}
	switch {
	case err == nil:
		return l, nil
	case isConnError(err), endsRun(err):
		return nil, err
	}
	return nil, nil
}

// twin reports whether another host1 folder that goes to the same place has the key, or may.
// So may a folder of host2 that was restored have another version, if it has another date.
func (fs *folderSync) twin(s, d *listing.Record) bool {
	if fs.rivals == nil {
		return fs.dropped && !s.SameDate(d)
	}
	at, asked := fs.rivals.at[s.Key]
	return fs.rivals.unsure || asked && (at == moreThanOne || at != noFolder && fs.rivals.folders[at] != fs.from.Raw)
}
