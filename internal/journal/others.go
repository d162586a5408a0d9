package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Other is another journal that leads into the same account on host2.
type Other struct {
	Path string
	// Pair is whose it is; names of hosts are in lower case, and registered ports 0.
	Pair    Pair
	Runs    Runs
	Folders []OtherFolder
	// Note is what SetNote stored for side 2.
	Note []byte
	// Stored are the runs that stored something on host2 or deleted on host1.
	Stored []StoredRun
	// Alias: it leads into an account of the same user and port under another host
	// name, which may be the same account: a folder is the same one if its
	// UIDVALIDITY is, too.
	Alias bool
}

// OtherFolder is what another journal knows of a folder pair.
type OtherFolder struct {
	// Name1 and Name2 are the raw names.
	Name1, Name2               string
	UIDValidity1, UIDValidity2 uint32
	First                      First
	// Pairs are the messages of host1 that have a place on host2.
	Pairs []Paired
	// Claimed are messages of host2 whose counterpart has left host1.
	Claimed []Paired
	// Moved are messages of host2 whose counterpart a run marked on host1 to delete it
	// there, whether or not it has left host1 since.
	Moved []imap.UID
	// DoubtFrom: messages with UIDs from here on may be of a batch whose outcome that
	// journal does not know, 0 if there is none; DoubtValidity2 is what they belong to.
	DoubtFrom      imap.UID
	DoubtValidity2 uint32
	// Marked are the messages of host1 whose mark \Deleted a run set.
	Marked []imap.UID
}

// Paired is one message on both sides; UID1 is 0 where host1 has it no more. Cut: host2
// has not all of its content. Key, Marks, Size and Date are those of its Entry, which has the
// key that host1 knew it by.
type Paired struct {
	UID1, UID2   imap.UID
	Cut, HasDate bool
	Marks        uint8
	Key          Key
	Size, Date   int64
}

// UnreadableError is a file among the journals of which it is not known what is in it.
type UnreadableError struct {
	Path string
	Err  error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("journal %s cannot be read: %v; move it away if it is not needed", e.Path, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// othersTries is how often a file is read again that changes meanwhile.
const othersTries = 20

// Others reads the other journals in dir that lead into self's account on host2, and
// changes and locks nothing, so that whoever is at work with one of them is not
// disturbed. What it costs does not depend on the journals of other accounts. path is the file of self's own journal, which is left out; "" for none.
//
// The second result names, as *UnreadableError, the files that could not be read: who
// decides what may be deleted has to take them into account. The last is the
// context's, or says that the directory could not be read; a missing one is empty.
func Others(ctx context.Context, dir, path string, self Pair) (all []Other, bad []error, err error) {
	return search{
		dir: dir, not: path, two: self.digest2(),
		wanted: func(p Pair) bool { return p.SameHost2(self) || p.aliasHost2(self) },
		each:   func(o *Other) { o.Alias = !o.Pair.SameHost2(self) },
	}.read(ctx)
}

// OfHost1 reads all journals in dir of the account on host1 of self, whatever host2 is, as
// Others does.
func OfHost1(ctx context.Context, dir string, self Pair) (all []Other, bad []error, err error) {
	return search{dir: dir, one: self.digest1(), wanted: func(p Pair) bool { return p.SameHost1(self) }}.read(ctx)
}

// List reads all journals in dir as Others does.
func List(ctx context.Context, dir string) (all []Other, bad []error, err error) {
	return search{dir: dir, wanted: func(Pair) bool { return true }}.read(ctx)
}

// search are the journals that are looked for.
type search struct {
	dir, not string // not is the file of one that is not meant
	// two and one are digests that names of files have to bear where they bear any, ""
	// for any: what says that it is of other accounts is not opened, sound or not.
	two, one string
	wanted   func(Pair) bool
	each     func(*Other) // nil for none
}

// read reads them. A journal that another run moves meanwhile from where it was until
// November 2026, into a directory that was not there when the names were read, is not
// passed over: the names are read again.
func (s search) read(ctx context.Context) (all []Other, bad []error, err error) {
	for range othersTries {
		var moved []error
		all, bad, moved, err = s.once(ctx)
		if len(moved) == 0 || err != nil {
			return all, bad, err
		}
		bad = append(bad, moved...)
	}
	return all, bad, err
}

// once is one attempt of read; moved are journals that are no more at their old place.
func (s search) once(ctx context.Context) (all []Other, bad, moved []error, err error) {
	files, err := journalsIn(s.dir, s.two)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("directory of journals: %w", err)
	}
	for _, f := range files {
		if f.path == s.not || f.two != "" && (s.two != "" && s.two != f.two || s.one != "" && s.one != f.one) {
			continue
		}
		o, err := readOther(ctx, f.path, s.wanted)
		switch {
		case ctx.Err() != nil:
			return nil, nil, nil, context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist) && f.two == "":
			moved = append(moved, &UnreadableError{f.path, err})
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
		case err != nil:
			bad = append(bad, &UnreadableError{f.path, err})
		case o != nil:
			if s.each != nil {
				s.each(o)
			}
			all = append(all, *o)
		}
	}
	return all, bad, moved, nil
}

// readOther reads one file, nil for one that is not wanted.
func readOther(ctx context.Context, path string, wanted func(Pair) bool) (*Other, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, errors.New("not a regular file"))
	}
	peek := otherReader{path: path, only: metaBucket}
	if err := peek.read(ctx, f); err != nil || !wanted(peek.pair) {
		return nil, err
	}
	whole := otherReader{path: path}
	if err := whole.read(ctx, f); err != nil {
		return nil, err
	}
	return whole.other(), nil
}

// otherReader gathers what a file holds.
type otherReader struct {
	path     string
	only     []byte
	pair     Pair
	havePair bool
	runs     Runs
	note     []byte
	byID     map[uint32]*OtherFolder
	claimed  map[uint32][]Paired
	pairs    map[uint32][]Paired
	doubts   map[uint32]*OtherFolder
	marked   map[uint32][]imap.UID
	moved    map[uint32][]imap.UID
	stored   storedGather
}

// read reads the file as it was at one time. A writer never overwrites the pages of
// the state that the newest meta page stands for, so what was read is sound if that
// page is still the newest one afterwards.
func (o *otherReader) read(ctx context.Context, f *os.File) error {
	var err error
	for range othersTries {
		var before meta
		var info fs.FileInfo
		if before, err = readMeta(f); err != nil {
			return err
		}
		if info, err = f.Stat(); err != nil {
			return err
		}
		err = o.once(f, before, info.Size())
		if after, metaErr := readMeta(f); metaErr == nil && after.tx == before.tx {
			return err
		}
		err = errors.New("another process writes to it all the time")
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
	return err
}

func (o *otherReader) once(f *os.File, m meta, size int64) error {
	*o = otherReader{
		path: o.path, only: o.only, byID: make(map[uint32]*OtherFolder), claimed: make(map[uint32][]Paired),
		pairs: make(map[uint32][]Paired), doubts: make(map[uint32]*OtherFolder),
		marked: make(map[uint32][]imap.UID), moved: make(map[uint32][]imap.UID),
	}
	if m.highPage < 4 || m.highPage > uint64(size)/pageSize {
		return fmt.Errorf("%d bytes long, should be %d or more", size, m.highPage*pageSize)
	}
	v := &verifier{f: f, high: m.highPage, seen: make([]uint64, m.highPage/64+1), only: o.only, each: o.value}
	v.mark(0)
	v.mark(1)
	if err := v.tree(m.root, nil, nil, 0, v.rootLeaf); err != nil {
		return err
	}
	if v.schema == nil {
		return errors.New("no schema version in it")
	}
	version, err := decodeVersion(v.schema)
	switch {
	case err != nil:
		return err
	case version > schemaVersion:
		return &NewerSchemaError{Path: o.path, Found: version, Known: schemaVersion}
	case version < oldestReadable:
		return fmt.Errorf("it has schema %d", version)
	case v.valueErr != nil:
		return v.valueErr
	case !o.havePair:
		return errors.New("no account pair in it")
	}
	if version < 2 {
		clear(o.claimed) // it did not tell, see claimNothing
	}
	return nil
}

// value takes one stored value.
func (o *otherReader) value(bucket, key, sealed []byte) error {
	v, err := unseal(key, sealed)
	if err != nil {
		return nil //nolint:nilerr // verify has noted it; a later schema may seal differently
	}
	switch {
	case bytes.Equal(bucket, metaBucket) && bytes.Equal(key, pairKey):
		o.pair, err = decodePair(v)
		o.havePair = err == nil
	case bytes.Equal(bucket, metaBucket) && bytes.Equal(key, noteKeys[1]):
		o.note = bytes.Clone(v)
	case bytes.Equal(bucket, metaBucket) && bytes.Equal(key, runsKey):
		o.runs, err = decodeRuns(sealed)
	case bytes.Equal(bucket, foldersBucket):
		return o.folder(key, sealed)
	case bytes.Equal(bucket, entries.bucket), bytes.Equal(bucket, extras.bucket):
		return o.messages(bytes.Equal(bucket, extras.bucket), key, v)
	case bytes.Equal(bucket, doubtBucket):
		return o.doubt(key, sealed)
	case bytes.Equal(bucket, storedBucket):
		return o.stored.take(bytes.Clone(key), sealed)
	}
	return err
}

func (o *otherReader) folder(key, sealed []byte) error {
	rec, err := decodeRecord(key, sealed)
	if err != nil {
		return err
	}
	n, err := parseNames(bytes.Clone(key))
	if err != nil {
		return err
	}
	o.byID[rec.id] = &OtherFolder{
		Name1: n.one, Name2: n.two, First: rec.first,
		UIDValidity1: rec.state.UIDValidity1, UIDValidity2: rec.state.UIDValidity2,
	}
	return nil
}

func (o *otherReader) messages(extra bool, key, value []byte) error {
	if len(key) < 4 {
		return errors.New("a message of no folder")
	}
	id := binary.BigEndian.Uint32(key)
	es, err := unpackEntries(value, nil)
	if err != nil {
		return err
	}
	for i := range es {
		if es[i].OurDeleted && !extra {
			o.marked[id] = append(o.marked[id], es[i].UID1)
		}
		if es[i].OurDeleted && es[i].UID2 != 0 {
			o.moved[id] = append(o.moved[id], es[i].UID2)
		}
		switch e := &es[i]; {
		case e.UID2 == 0:
		case !extra:
			o.pairs[id] = append(o.pairs[id], Paired{UID1: e.UID1, UID2: e.UID2, Cut: e.Cut, HasDate: e.HasDate, Marks: e.Marks, Key: e.Key, Size: e.Size, Date: e.Date})
		case e.Delivered:
			o.claimed[id] = append(o.claimed[id], Paired{UID2: e.UID2, Cut: e.Cut, HasDate: e.HasDate, Marks: e.Marks, Key: e.Key, Size: e.Size, Date: e.Date})
		}
	}
	return nil
}

func (o *otherReader) doubt(key, sealed []byte) error {
	id, _, ok := parseDoubtKey(key)
	if !ok {
		return errors.New("a batch of no folder")
	}
	b, err := decodeBatch(key, sealed)
	if err != nil {
		return err
	}
	if err := o.stored.doubt(key, sealed); err != nil {
		return err
	}
	from := max(b.UIDNext2, 1)
	if d := o.doubts[id]; d == nil || d.DoubtValidity2 != b.UIDValidity2 || from < d.DoubtFrom {
		o.doubts[id] = &OtherFolder{DoubtFrom: from, DoubtValidity2: b.UIDValidity2}
	}
	return nil
}

// other puts together what was gathered.
func (o *otherReader) other() *Other {
	out := &Other{Path: o.path, Pair: o.pair, Runs: o.runs, Note: o.note, Stored: o.stored.runs()}
	for id, f := range o.byID {
		f.Pairs, f.Claimed, f.Marked, f.Moved = o.pairs[id], o.claimed[id], o.marked[id], o.moved[id]
		if d := o.doubts[id]; d != nil {
			f.DoubtFrom, f.DoubtValidity2 = d.DoubtFrom, d.DoubtValidity2
		}
		out.Folders = append(out.Folders, *f)
	}
	slices.SortFunc(out.Folders, func(a, b OtherFolder) int {
		return strings.Compare(a.Name1+"\x00"+a.Name2, b.Name1+"\x00"+b.Name2)
	})
	return out
}
