package verification

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// group verifies one folder of host2.
func (v *verifier) group(ctx context.Context, g *group) error {
	before := v.sum.Counted + v.deferred.counted
	waited := len(v.learned.rows)
	var src, dst *listed
	both, gctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		src, err = v.source(gctx, g)
		return err
	})
	both.Go(func() (err error) {
		dst, err = v.target(gctx, g)
		return err
	})
	if err := both.Wait(); err != nil {
		return v.closed(ctx, g, err)
	}
	if !g.beyond {
		v.sum.Folders += int64(len(g.from))
		v.folderRows(g, len(src.recs))
	}
	for _, r := range append(src.unread, dst.unread...) {
		v.row(r)
	}
	p := pairUp(src.recs, dst.recs, !v.p.Identity.SyncDuplicates)
	if err := v.deepen(ctx, g, src, dst, p); err != nil {
		return err
	}
	w := &work{v: v, g: g, src: src.recs, dst: dst.recs, p: p, validity: dst.validity, unread1: len(src.unread), unread2: len(dst.unread)}
	if err := w.judge(ctx); err != nil {
		return err
	}
	if v.sum.Counted+v.deferred.counted == before && !g.beyond && g.at != "" {
		from := make([]string, len(g.from))
		for i, name := range g.from {
			from[i] = folders.Text(name)
		}
		r := Row{Mark: Equal, Folder1: strings.Join(from, ", "), Folder2: g.text2(), Reason: fmt.Sprintf("%d messages", w.wanted)}
		if len(v.learned.rows) == waited || !v.learned.keep(waiting{row: r, folder: true, group: v.learned.pairs}) {
			v.row(r)
		}
	}
	return nil
}

// closed makes a row of a folder that a server refuses to open or to search; other
// errors end the verification.
func (v *verifier) closed(ctx context.Context, g *group, err error) error {
	var refusal *imapconn.Response
	if ctx.Err() != nil || !errors.As(err, &refusal) || errors.As(err, new(*access.LoginError)) {
		return err
	}
	from := make([]string, len(g.from))
	for i, name := range g.from {
		from[i] = folders.Text(name)
	}
	v.row(Row{Mark: Unread, Counts: true, Folder1: strings.Join(from, ", "), Folder2: g.text2(),
		Reason: err.Error(), Remedy: "ask who runs the server; nothing is known of the messages in this folder"})
	return nil
}

// work is one group while it is judged.
type work struct {
	v        *verifier
	g        *group
	src, dst []record
	p        *pairing
	validity uint32
	wanted   int64
	// unread1 and unread2 are how many messages of a side could not be read.
	unread1, unread2 int

	rows []finding
	// permanent maps flags as host2's folder takes them, once that was asked.
	permanent *transform.FlagMapper
	asked     bool
}

// finding is a row before its words are known.
type finding struct {
	row  Row
	s, d int32 // places, -1 for none
	// look asks for the names of header fields that differ; form says that the
	// difference is one of form unless the second look finds more.
	look, form bool
	// grown are the names of header lines that host2 has beyond host1's, if that is all
	// that is wrong and no habit that is known: see learned.
	grown []string
	// common: flags that it has beyond host1's are all that is wrong, and host2 may have
	// them for another folder.
	common bool
	// link is the content by which it may be found in another folder.
	link bool
}

// judge makes rows of pairs and of what is left over.
func (w *work) judge(ctx context.Context) error {
	v := w.v
	for i := range w.src {
		r := &w.src[i]
		if r.skip == skipNone {
			if v.learned.copies != nil {
				v.learned.copies[r.whole]++
			}
			w.wanted++
			v.sum.Messages++
			v.sum.Bytes += r.size
		}
	}
	if v.o.Folder != nil && w.g.at != "" {
		if err := v.o.Folder(FolderPair{Name2: w.g.at, Subscribed2: v.trees[1].Subscribed[w.g.at], UIDValidity: w.validity}); err != nil {
			return err
		}
	}
	v.learned.pairs += len(w.p.pairs)
	for _, pr := range w.p.pairs {
		f, err := w.pair(ctx, pr)
		if err != nil {
			return err
		}
		if f == nil {
			v.sum.Equal++
		} else {
			w.rows = append(w.rows, *f)
		}
		if v.o.Pair != nil {
			if err := v.o.Pair(w.entry(pr)); err != nil {
				return err
			}
		}
	}
	for _, s := range w.p.missing {
		w.missing(s)
	}
	if v.seen != nil {
		for i := range w.src {
			v.seen[w.src[i].whole] = true
		}
	}
	if err := w.extras(ctx); err != nil {
		return err
	}
	if err := w.look(ctx); err != nil {
		return err
	}
	for i := range w.rows {
		w.tell(&w.rows[i])
	}
	return nil
}

// entry is a pair for the certificate.
func (w *work) entry(pr pair) Pair {
	s, d := &w.src[pr.s], &w.dst[pr.d]
	return Pair{
		Digest1: s.whole, Digest2: d.whole, Size1: s.size, Size2: d.size, UID1: uint32(s.uid), UID2: uint32(d.uid),
		Flags: w.v.flags.text(d.flags), Date: d.date, Folder1: w.g.from[s.from],
	}
}

// base is the row of a pair.
func (w *work) base(s, d int32) Row {
	r := Row{Folder2: w.g.text2()}
	if s >= 0 {
		r.Folder1, r.UID1 = w.g.text1(w.src[s].from), uint32(w.src[s].uid)
	}
	if d >= 0 {
		r.UID2 = uint32(w.dst[d].uid)
	}
	return r
}

// pair judges two messages that belong together; nil: they are equal.
func (w *work) pair(ctx context.Context, pr pair) (*finding, error) {
	v, s, d := w.v, &w.src[pr.s], &w.dst[pr.d]
	f := finding{row: w.base(pr.s, pr.d), s: pr.s, d: pr.d}
	r := &f.row
	var reasons []string
	differ := func(what, why string) {
		r.Mark, r.Counts = Differs, true
		r.Differs = append(r.Differs, what)
		reasons = append(reasons, why)
	}
	explain := func(what, why string) {
		if r.Mark == 0 {
			r.Mark, r.Counts = Explained, v.p.Proof.Strict
		}
		r.Differs = append(r.Differs, what)
		reasons = append(reasons, why)
	}
	if pr.grade != byBytes {
		w.contents(&f, s, d, pr.grade, differ, explain)
	}
	if v.p.Transform.SyncInternalDates || v.p.Transform.IDateFromHeader {
		if s.dated && d.dated && s.date != d.date {
			differ("date", fmt.Sprintf("the date is %s instead of %s", day(d.date), day(s.date)))
			r.Remedy = "delete the copy on host2 and run again: IMAP cannot change the date of a message"
		}
	}
	if s.flags != d.flags {
		why, explained, err := w.flags(ctx, s, d)
		switch {
		case err != nil:
			return nil, err
		case explained:
			explain("flags", why)
		case why != "":
			differ("flags", why)
			if r.Remedy == "" {
				r.Remedy = "run the migration again"
			}
		}
	}
	if r.Mark == 0 {
		return nil, nil
	}
	r.Reason = strings.Join(reasons, "; ")
	f.common = v.learned.copies != nil && slices.Equal(r.Differs, []string{"flags"}) && r.Counts && v.moreFlags(s, d)
	return &f, nil
}

// anotherHeader is the reason of a header that is not the one that was sent.
const anotherHeader = "the header is another one"

// contents judges bytes that are not equal.
func (w *work) contents(f *finding, s, d *record, g grade, differ, explain func(what, why string)) {
	const again = "delete the copy on host2 and run again"
	grown := w.v.know.habits.Grown[d.size-s.size] > 0
	switch {
	case g == byForm && w.v.partly && !s.deep && s.size != d.size && !grown:
		differ("size", fmt.Sprintf("host2 has %d bytes instead of %d", d.size, s.size))
		f.row.Remedy = again
	case g == byForm:
		f.look, f.form = true, true
		explain("header", "the header is equal but for its form, or for what host2 does to headers")
	case s.body != d.body && d.size < s.size && d.told == s.size:
		differ("body", fmt.Sprintf("host2 gave %d bytes of it, twice, and says that it has %d, as host1 has", d.size, d.told))
		f.row.Remedy, f.look = "open the message on host2 with a mail program: it may be whole there; who runs the server can tell why it is not given whole", true
	case s.body != d.body && d.size < s.size:
		differ("body", fmt.Sprintf("cut or altered: host2 has %d bytes instead of %d", d.size, s.size))
		f.row.Remedy, f.look = again, true
	case s.body != d.body:
		differ("body", fmt.Sprintf("altered: host2 has %d bytes, host1 %d", d.size, s.size))
		f.row.Remedy, f.look = again, true
	default:
		differ("header", anotherHeader)
		f.row.Remedy, f.look = again, true
	}
	if s.body != d.body && s.form != d.form {
		f.row.Differs = append(f.row.Differs, "header")
	}
}

// missing judges a message of host1 that host2 does not have.
func (w *work) missing(s int32) {
	v, rec := w.v, &w.src[s]
	f := finding{row: w.base(s, -1), s: s, d: -1}
	r := &f.row
	r.Mark = Missing
	twin, isTwin := w.p.twinOf[s]
	switch {
	case isTwin:
		r.Reason = fmt.Sprintf("equal to UID %d, which stands for it; --syncduplicates copies each", w.src[twin].uid)
	case rec.skip == skipOutside:
		return // what was not chosen is nobody's business
	case rec.skip != skipNone:
		r.Reason = rec.skip.reason()
	case v.seen[rec.whole]:
		option := "--skipcrossduplicates"
		if !v.p.Identity.SkipCrossDuplicates {
			option = "--allmaillast"
		}
		r.Reason = "an earlier folder has it (" + option + ")"
	default:
		r.Counts, f.link, f.look = true, true, true
		r.Reason, r.Remedy = "it is not on host2", "run the migration again, and see what it says of this message"
		if w.unread2 > 0 {
			r.Reason = fmt.Sprintf("it is not on host2, or one of the %d messages there that could not be read", w.unread2)
		}
	}
	w.rows = append(w.rows, f)
}

// extras judges messages of host2 that nothing on host1 stands for.
func (w *work) extras(ctx context.Context) error {
	if len(w.p.extra) == 0 {
		return nil
	}
	v := w.v
	from := w.g.from
	judge, err := v.know.judgeFor(ctx, v.p, from, w.g.at, w.validity)
	if err != nil {
		return err
	}
	for _, d := range w.p.extra {
		rec := &w.dst[d]
		if rec.skip == skipOutside {
			continue
		}
		f := finding{row: w.base(-1, d), s: -1, d: d, link: true, look: true}
		r := &f.row
		r.Mark, r.Counts = Extra, true
		if twin, ok := w.p.doubledBy[d]; ok {
			r.Reason = fmt.Sprintf("a duplicate of UID %d", w.dst[twin].uid)
			r.Remedy = "--delete2duplicates deletes duplicates"
		} else if rec.skip == skipReport {
			r.Counts, r.Reason = false, "a report of this program"
		} else {
			date := maildate.At(rec.date, 0)
			if !rec.dated {
				date = date.AddDate(-1000, 0, 0)
			}
			reason, remedy, explained := judge.why(rec.uid, date, v.p.Deletion.Delete1)
			r.Reason, r.Remedy, r.Counts = reason, remedy, !explained
			if w.unread1 > 0 && r.Counts {
				r.Reason += fmt.Sprintf(", or has it as one of the %d messages that could not be read", w.unread1)
			}
			if w.g.beyond && r.Counts {
				r.Reason += "; no folder of host1 leads to this one"
			}
		}
		w.rows = append(w.rows, f)
	}
	return nil
}

// tell hands a row on, or keeps it until all folders are known.
func (w *work) tell(f *finding) {
	r := &f.row
	if r.Mark == 0 {
		w.v.sum.Equal++
		return
	}
	if len(f.grown) > 0 || f.common {
		wait := waiting{row: *r, names: f.grown, group: w.v.learned.pairs}
		if f.common {
			wait.common = w.src[f.s].whole
		}
		if w.v.learned.keep(wait) {
			return
		}
		w.v.explain(&wait)
		*r = wait.row
	}
	if f.link {
		recs, at := w.dst, f.d
		if f.s >= 0 {
			recs, at = w.src, f.s
		}
		if w.v.deferred.keep(*r, recs[at].whole) {
			return
		}
	}
	w.v.row(*r)
}

// sampled reports whether the whole of a pair is read beyond what every message is
// looked at for.
func (v *verifier) sampled(s, d *record, g grade) bool {
	if !v.partly || s.skip == skipOutside {
		return false
	}
	if s.size != d.size && g != byKey || g == byKey {
		return true // only the contents can tell
	}
	return v.depth() == plan.DepthSample && v.chance.Float64()*100 < v.p.Proof.Sample
}
