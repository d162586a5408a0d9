package verification

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/mailread"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// maxChanged bounds a message that the user's options change, which has to be in
// memory, in bytes.
const maxChanged = 512 << 20

// listed is what was read of a folder.
type listed struct {
	recs   []record // in the order of folders and UIDs
	unread []Row
	// validity is host2's UIDVALIDITY.
	validity uint32
}

// source reads the folders of host1 that lead to a group.
func (v *verifier) source(ctx context.Context, g *group) (*listed, error) {
	out := &listed{}
	for i, name := range g.from {
		chosen, err := choose(ctx, v.readers[0], &v.p.Selection, 1, name)
		if err != nil {
			return nil, err
		}
		recs, f, err := v.readSource(ctx, g, int32(i), name, chosen)
		if err != nil {
			return nil, err
		}
		out.recs = append(out.recs, recs...)
		v.unread(out, f, 1, folders.Text(name), g.text2())
	}
	return out, nil
}

func (v *verifier) readSource(ctx context.Context, g *group, from int32, name string, chosen chooser) ([]record, *mailread.Folder, error) {
	d := newDigester(planned.Identity(v.p), v.ignored, v.partly)
	var sink mailread.Sink = d
	whole := &buffer{}
	if v.changed() {
		sink = whole
	}
	var recs []record
	mapper := v.rules.For(transform.NewPermanent(nil, false))
	f, err := v.readers[0].Read(ctx, name, nil, v.want, sink, func(m *mailread.Message) error {
		r := record{uid: m.UID, from: from, date: m.Date, dated: m.HasDate}
		if v.changed() {
			skipped, err := v.change(ctx, g, name, m, whole, d)
			if err != nil {
				return err
			}
			if skipped {
				r.skip = skipRule
			}
		}
		flags, err := mapper.ForAppend(m.Flags)
		if err != nil {
			return err
		}
		r.flags = v.flags.number(flags)
		if r.content, err = d.sum(m.Size); err != nil {
			return fmt.Errorf("UID %d: %w", m.UID, err)
		}
		if v.p.Transform.IDateFromHeader {
			if date, ok := maildate.FromHeader(fieldValue(d.header, "date")); ok {
				if at, ok := maildate.Parse(date); ok {
					r.date, r.dated = at.Unix(), true
				}
			}
		}
		if r.skip == skipNone {
			r.skip = bySize(&v.p.Selection, max(m.Size, 0), v.limit)
		}
		if isReport(d.header) {
			r.skip = skipReport
		}
		if chosen != nil && !chosen(m.UID, maildate.At(m.Date, 0)) {
			r.skip = skipOutside
		}
		recs = append(recs, r)
		return nil
	})
	if err != nil {
		return nil, f, &SideError{1, err}
	}
	recs = sorted(recs)
	if !v.changed() { // else what came is not what was read
		err = v.lengthen(ctx, 1, name, recs)
	}
	return recs, f, err
}

// target reads a folder of host2.
func (v *verifier) target(ctx context.Context, g *group) (*listed, error) {
	out := &listed{}
	if g.at == "" {
		return out, nil
	}
	chosen, err := choose(ctx, v.readers[1], &v.p.Selection, 2, g.at)
	if err != nil {
		return nil, err
	}
	if s := &v.p.Selection; s.Search2 == "" && s.FetchSet == "" {
		chosen = nil // ages are for what is carried over
	}
	d := newDigester(planned.Identity(v.p), v.ignored, v.partly)
	f, err := v.readers[1].Read(ctx, g.at, nil, v.want, d, func(m *mailread.Message) error {
		r := record{uid: m.UID, date: m.Date, dated: m.HasDate, flags: v.flags.number(m.Flags)}
		var err error
		if r.content, err = d.sum(m.Size); err != nil {
			return fmt.Errorf("UID %d: %w", m.UID, err)
		}
		if isReport(d.header) {
			r.skip = skipReport
		}
		if chosen != nil && !chosen(m.UID, maildate.At(m.Date, 0)) {
			r.skip = skipOutside
		}
		out.recs = append(out.recs, r)
		return nil
	})
	if err != nil {
		return nil, &SideError{2, err}
	}
	out.recs, out.validity = sorted(out.recs), f.UIDValidity
	if err := v.lengthen(ctx, 2, g.at, out.recs); err != nil {
		return nil, err
	}
	v.unread(out, f, 2, "", g.text2())
	return out, nil
}

// unread makes rows of what could not be read. It is called by one goroutine for each
// side.
func (v *verifier) unread(out *listed, f *mailread.Folder, side int, folder1, folder2 string) {
	row := Row{Mark: Unread, Counts: true, Folder1: folder1, Folder2: folder2}
	if side == 2 {
		row.Folder1 = ""
	} else {
		row.Folder2 = ""
	}
	for _, u := range f.Unread {
		r := row
		if side == 1 {
			r.UID1 = uint32(u.UID)
		} else {
			r.UID2 = uint32(u.UID)
		}
		r.Reason, r.Remedy = u.Why, "open the message with a mail program; if that fails, too, ask who runs the server"
		out.unread = append(out.unread, r)
	}
	name := folder1
	if side == 2 {
		name = folder2
	}
	v.ownRead(side, name, f.Own)
}

// maxOwn is how many folders that the own client read are told one by one.
const maxOwn = 20

func (v *verifier) ownRead(side int, name, why string) {
	if why == "" {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ownCount++; v.ownCount <= maxOwn {
		v.sum.Own = append(v.sum.Own, fmt.Sprintf("host%d, folder %s: %s", side, name, why))
	}
}

// sorted brings records into the order of UIDs and drops what a server told twice.
func sorted(recs []record) []record {
	slices.SortStableFunc(recs, func(a, b record) int { return int(int64(a.uid) - int64(b.uid)) })
	return slices.CompactFunc(recs, func(a, b record) bool { return a.uid == b.uid })
}

// buffer keeps a message that is to be changed.
type buffer struct {
	bytes.Buffer
}

// Write keeps more of the message.
func (b *buffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxChanged {
		return 0, fmt.Errorf("a message of more than %d MiB cannot be changed in memory", maxChanged>>20)
	}
	return b.Buffer.Write(p)
}

// change sends a message through what the options do to it, and gives the result to
// the digester; true says that they leave it out.
func (v *verifier) change(ctx context.Context, g *group, name string, m *mailread.Message, b *buffer, d *digester) (bool, error) {
	msg := b.Bytes()
	d.Reset()
	meta := transform.Meta{Folder1: name, Folder2: g.to, UID: uint32(m.UID), Size: m.Size, HeaderLess: v.changes.AddHeader && headerless(v, msg, m.Size)}
	out, verdict, err := v.changes.Apply(ctx, meta, msg)
	if err != nil {
		return false, err
	}
	if !verdict.Kept() {
		_, _ = d.Write(msg)
		return true, nil
	}
	if !bytes.Equal(out, msg) {
		_, err = io.Copy(d, transform.NewCRLFReader(bytes.NewReader(out)))
		return false, err
	}
	_, _ = d.Write(out)
	return false, nil
}

// headerless reports whether no header identifies a message, so that --addheader
// applies.
func headerless(v *verifier, msg []byte, size int64) bool {
	d := newDigester(planned.Identity(v.p), nil, true)
	_, _ = d.Write(msg)
	c, err := d.sum(size)
	return err == nil && !c.keyed
}

// fieldValue is the first value of a header field.
func fieldValue(header []byte, name string) string {
	for _, f := range fieldsOf(header) {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// reportTail ends the Message-Id of a report of this program.
const reportTail = "@imaphaul.invalid>"

func isReport(header []byte) bool {
	return bytes.Contains(header, []byte(reportTail)) && bytes.HasSuffix([]byte(fieldValue(header, "message-id")), []byte(reportTail))
}

// depth is what is asked for.
func (v *verifier) depth() plan.Depth { return v.p.Proof.Depth }

// uidsOf are the UIDs of records, ascending.
func uidsOf(recs []record, at []int32) []imap.UID {
	out := make([]imap.UID, len(at))
	for i, n := range at {
		out[i] = recs[n].uid
	}
	slices.Sort(out)
	return slices.Compact(out)
}
