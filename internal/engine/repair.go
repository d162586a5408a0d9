package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/maildate"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// change is something a message is sent without, or altered in, after the
// destination refused it.
type change uint8

const (
	dropKeywords change = 1 << iota
	dropDate
	fixNewlines
	stripNUL
	wrapLines
	wrapWhole
	// sameAgain changes nothing: a refusal may pass by itself, and then nothing
	// need be left out.
	sameAgain
)

// rung is a place on the repair ladder.
type rung uint8

const rungNone rung = 0

// ladder lists what is tried, one rung after each refusal: the same once more,
// then every change alone, so that a message loses nothing it need not lose, then all of them.
// What alters the content is for those who allowed it (--repair); line ends are
// not content: RFC 5322 knows CRLF only.
var ladder = []struct {
	changes change
	needs   change // 0: always allowed
}{
	1:  {changes: sameAgain},
	2:  {changes: dropKeywords},
	3:  {changes: dropDate},
	4:  {changes: fixNewlines},
	5:  {changes: dropKeywords | dropDate | fixNewlines},
	6:  {changes: stripNUL, needs: stripNUL},
	7:  {changes: wrapLines, needs: wrapLines},
	8:  {changes: dropKeywords | dropDate | fixNewlines | stripNUL | wrapLines, needs: stripNUL},
	9:  {changes: wrapWhole, needs: wrapWhole},
	10: {changes: wrapWhole | dropKeywords | dropDate, needs: wrapWhole},
}

var rungEnd = rung(len(ladder))

// wrapAt is the longest line, without its end, that the ladder lets pass: RFC
// 5322 section 2.1.1.
const wrapAt = 998

// allowed reports whether the user's options allow a rung.
func (fs *folderSync) allowed(r rung) bool {
	t := &fs.run.p.Transform
	switch ladder[r].needs {
	case 0:
		return true
	case wrapWhole:
		return t.WrapBroken
	}
	return t.Repair
}

// climb moves a refused message to the next rung that changes anything about
// its flags or date, or may change its bytes. It reports false at the top.
func (fs *folderSync) climb(t *task) bool {
	r := &fs.src.Recs[t.src]
	flags, date := fs.flagsFor(r), fs.dateFor(r)
	system := systemOnly(flags)
	for t.rung++; t.rung < rungEnd; t.rung++ {
		if !fs.allowed(t.rung) {
			continue
		}
		ch := ladder[t.rung].changes
		useful := ch&(fixNewlines|stripNUL|wrapLines|wrapWhole|sameAgain) != 0
		t.flags, t.date = flags, date
		if ch&dropKeywords != 0 && len(system) < len(flags) {
			t.flags, useful = system, true
		}
		if ch&dropDate != 0 && date != "" {
			t.date, useful = "", true
		}
		if useful {
			return true
		}
	}
	return false
}

// systemOnly keeps the five flags every server knows.
func systemOnly(flags []imap.Flag) []imap.Flag {
	var out []imap.Flag
	for _, f := range flags {
		switch strings.ToLower(string(f)) {
		case `\seen`, `\answered`, `\flagged`, `\deleted`, `\draft`:
			out = append(out, f)
		}
	}
	return out
}

// alter makes the changes of the message's rung. It returns false when the rung
// changes nothing about this message, so that sending it again is of no use.
func (fs *folderSync) alter(t *task, msg []byte) ([]byte, bool) {
	if t.rung == rungNone {
		return msg, true
	}
	ch := ladder[t.rung].changes
	if ch == sameAgain {
		return msg, true
	}
	r := &fs.src.Recs[t.src]
	before := sha256.Sum256(msg)
	var told []string
	if ch&dropKeywords != 0 && len(t.flags) < len(fs.flagsFor(r)) {
		told = append(told, fmt.Sprintf("without the flags (%s)", joinFlags(minus(fs.flagsFor(r), t.flags))))
	}
	if ch&dropDate != 0 && fs.dateFor(r) != "" {
		told = append(told, fmt.Sprintf("without its date %q", fs.dateFor(r)))
	}
	for _, step := range []struct {
		bit change
		fix func([]byte) ([]byte, transform.Repair)
	}{
		{fixNewlines, transform.FixBareNewlines},
		{stripNUL, transform.StripNUL},
		{wrapLines, func(b []byte) ([]byte, transform.Repair) { return transform.WrapLongLines(b, wrapAt) }},
		{wrapWhole, func(b []byte) ([]byte, transform.Repair) {
			return transform.WrapAsRFC822(b, fs.run.identityFields()...)
		}},
	} {
		if ch&step.bit == 0 {
			continue
		}
		out, what := step.fix(msg)
		if what.Changed() {
			msg = out
			told = append(told, what.What)
		}
	}
	if len(told) == 0 {
		return msg, false
	}
	t.altered = strings.Join(told, ", ")
	if after := sha256.Sum256(msg); after != before {
		t.altered += fmt.Sprintf(" (sha256 %x -> %x)", before, after)
	} else {
		t.altered += fmt.Sprintf(" (content unchanged, sha256 %x)", before)
	}
	return msg, true
}

func minus(a, b []imap.Flag) []imap.Flag {
	var out []imap.Flag
next:
	for _, f := range a {
		for _, g := range b {
			if f == g {
				continue next
			}
		}
		out = append(out, f)
	}
	return out
}

func joinFlags(flags []imap.Flag) string {
	words := make([]string, len(flags))
	for i, f := range flags {
		words[i] = string(f)
	}
	return strings.Join(words, " ")
}

// refused decides what becomes of a message that host2 refused. It reports
// whether the mailbox is full.
func (fs *folderSync) refused(ctx context.Context, conn *imapconn.Conn, c *copier, it *item, r *imapconn.Response) (full bool, err error) {
	t := it.t
	switch class := appendClass(fs.run.dst.classify(r)); {
	case class == event.ErrAppend && r.Code == "TRYCREATE" && !t.recreated:
		t.recreated = true // the folder was deleted under our hands
		if err := conn.Create(ctx, fs.to.Raw); err != nil && isConnError(err) {
			return false, err
		}
		return false, nil
	case class == event.ErrAppend:
		if fs.climb(t) {
			t.refusal = r.Line()
			return false, nil
		}
		c.fail(t, class, appendText(fs, t, r.Line(), it), fs.repairHint())
		return false, nil
	case class == event.ErrAppendSize:
		c.fail(t, class, appendText(fs, t, r.Line(), it), "host2 takes no message this large; --maxsize leaves such messages out, --skippedfile and --savedir keep them")
		return false, nil
	default:
		c.fail(t, class, appendText(fs, t, r.Line(), it), hintOf(class))
		return class == event.ErrOverquota, nil
	}
}

func (fs *folderSync) repairHint() string {
	if !fs.run.p.Transform.Repair {
		return "host2 does not take this message unchanged; --repair allows to alter it, --savedir keeps the original"
	}
	return "host2 does not take this message even altered; --wrapbroken sends it as an attachment, --savedir keeps the original"
}

func hintOf(c event.Class) string {
	switch c {
	case event.ErrOverquota:
		return "the destination mailbox is full: make room or raise its quota, then run again; it continues here"
	case event.ErrAppendVirus:
		return "host2 takes this message for a virus; it stays on host1"
	}
	return ""
}

// appendClass is the class of error that a refusal of APPEND counts as; imapsync
// looks for signs in the subject as well (imapsync-messages.md S47).
func appendClass(v provider.Verdict) event.Class {
	switch v.Action {
	case provider.TooBig:
		return event.ErrAppendSize
	case provider.MailboxFull:
		return event.ErrOverquota
	case provider.Virus:
		return event.ErrAppendVirus
	}
	return event.ErrAppend
}

// prepare makes a message that is in memory ready to be sent: the user's own
// transformations, then what a refusal made necessary. It reports whether it is
// to be sent at all.
func (fs *folderSync) prepare(ctx context.Context, c *copier, it *item) (bool, error) {
	t := it.t
	if !fs.wantsWhole(t) {
		return true, nil
	}
	r := &fs.src.Recs[t.src]
	if fs.run.p.Transform.IDateFromHeader {
		if date, ok := maildate.FromHeader(transform.Field(*it.buf, "Date")); ok {
			t.date = date
		}
	}
	meta := transform.Meta{
		Folder1: fs.from.Raw, Folder2: fs.to.Raw, UID: uint32(t.uid), HeaderLess: r.Is(listing.AddedHeader), AddedID: fs.addedIDs[t.uid],
		Size: r.Size, Flags: joinFlags(fs.run.flags[0].List(r.Flags)), Date: fs.dateFor(r),
	}
	msg, verdict, err := fs.run.pipeline.Apply(ctx, meta, *it.buf)
	if err != nil {
		return false, err
	}
	if fs.run.debugging(fs.run.p.Debug.MaxLineLength) {
		var lines transform.LineScanner
		_, _ = lines.Write(msg) // never fails
		fs.run.debugf(true, "maxlinelength", "Host1: msg %s/%d longest line has %d bytes", fs.from.Raw, t.uid, lines.Longest())
	}
	for _, n := range verdict.Notices {
		fs.run.note(n)
	}
	if !verdict.Kept() {
		c.skip(t, skipOf(verdict.Cause), verdict.Line(meta))
		return false, nil
	}
	if !bytes.Equal(msg, *it.buf) {
		// What the user's expressions and commands make has their line ends;
		// mail has CRLF. Untouched mail keeps what it has.
		if lf := transform.CountCRLF(msg); lf != int64(len(msg)) {
			whole := make([]byte, 0, lf)
			buf := bytes.NewBuffer(whole)
			if _, err := io.Copy(buf, transform.NewCRLFReader(bytes.NewReader(msg))); err != nil {
				return false, err
			}
			msg = buf.Bytes()
		}
	}
	for {
		out, changed := fs.alter(t, msg)
		if changed {
			msg = out
			break
		}
		if !fs.climb(t) {
			c.fail(t, event.ErrAppend, appendText(fs, t, t.refusal, it), fs.repairHint())
			return false, nil
		}
	}
	if b := msg; len(b) != len(*it.buf) || len(b) > 0 && &b[0] != &(*it.buf)[0] {
		if err := c.sign(it, b); err != nil {
			return false, err
		}
		it.buf = &b
	}
	it.size = int64(len(msg))
	if fs.run.p.Dry { // --dry --nodry1: everything but the APPEND
		t.bytes = it.size
		c.settle(t, 0)
		return false, nil
	}
	return true, nil
}

func skipOf(c transform.Cause) event.Skip {
	switch c {
	case transform.SkippedByRule:
		return event.SkipByRule
	case transform.LongLine, transform.LineCmdFailed:
		return event.SkipLongLine
	case transform.ShortLines:
		return event.SkipShortLine
	}
	return event.SkipTransform
}

// wantsWhole reports whether a message must be in memory before it is sent.
func (fs *folderSync) wantsWhole(t *task) bool {
	return fs.run.p.Dry || t.rung != rungNone || fs.run.pipeline.Active() || fs.run.pipeline.LinesChecked() ||
		fs.run.p.Transform.IDateFromHeader || fs.run.p.Debug.MaxLineLength || fs.src.Recs[t.src].Is(listing.AddedHeader)
}

// appendText is imapsync's line for a refused message (imapsync-cli.md section
// 5.6).
func appendText(fs *folderSync, t *task, reply string, it *item) string {
	subject := ""
	if it != nil && it.buf != nil {
		subject = transform.Field(*it.buf, "Subject")
	}
	return fmt.Sprintf("- msg %s/%d {%d} could not append ( Subject:[%s], Date:[%s], Size:[%d], Flags:[%s] ) to folder %s: %s",
		fs.from.Raw, t.uid, t.size, subject, t.date, t.size, joinFlags(t.flags), fs.to.Raw, reply)
}

// fetchText is imapsync's line for a message that could not be read.
func fetchText(fs *folderSync, t *task, why string) string {
	r := &fs.src.Recs[t.src]
	return fmt.Sprintf("- msg %s/%d {%d} S[%d] F[%s] I[%s] could not be fetched: %s",
		fs.from.Raw, t.uid, 0, t.size, joinFlags(fs.run.flags[0].List(r.Flags)), fs.dateFor(r), why)
}
