package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/provider"
	"github.com/imaphaul/imaphaul/internal/transform"
)

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
			t.oddly().refusal = r.Line()
			return false, nil
		}
		c.fail(t, class, appendText(fs, t, r.Line(), it), fs.repairHint())
		return false, nil
	case class == event.ErrAppendSize:
		c.fail(t, class, appendText(fs, t, r.Line(), it), fs.sizeHint())
		return false, nil
	default:
		c.fail(t, class, appendText(fs, t, r.Line(), it), hintOf(class))
		return class == event.ErrOverquota, nil
	}
}

func (fs *folderSync) repairHint() string {
	t := &fs.run.p.Transform
	hint := "host2 does not take this message unchanged"
	switch {
	case !t.Repair && !t.WrapBroken:
		hint += "; --repair allows to alter it"
	case !t.WrapBroken:
		hint = "host2 does not take this message even altered; --wrapbroken sends it as an attachment"
	case t.Repair:
		hint = "host2 does not take this message even altered or as an attachment"
	default:
		hint = "host2 does not take this message even as an attachment; --repair allows to alter it"
	}
	return hint + fs.keeps()
}

// keeps recommends where to keep what is not copied, unless it is kept there.
func (fs *folderSync) keeps() string {
	p := &fs.run.p.Transfer
	switch {
	case p.SaveDir != "":
		return "; the original is in " + p.SaveDir
	case p.SkippedFile != "":
		return "; --savedir keeps the original"
	}
	return "; --savedir keeps the original, --skippedfile lists what is not copied"
}

// sizeHint is what helps against a message that is too large.
func (fs *folderSync) sizeHint() string {
	hint := "host2 takes no message this large"
	if fs.run.p.Selection.MaxSize == nil {
		hint += "; --maxsize leaves such messages out"
	}
	return hint + fs.keeps()
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
// looks for signs in the subject as well ("OVERQUOTA", "virus").
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

// appendText is imapsync's line for a refused message ("could not append
// ...").
func appendText(fs *folderSync, t *task, reply string, it *item) string {
	subject := ""
	if it.buf != nil {
		subject = transform.Field(*it.buf, "Subject")
	}
	return fmt.Sprintf("- msg %s/%d {%d} could not append ( Subject:[%s], Date:[%s], Size:[%d], Flags:[%s] ) to folder %s: %s",
		fs.from.Raw, t.uid, t.size, subject, t.date(it.date), t.size, joinFlags(t.flags()), fs.to.Raw, reply)
}

// fetchText is imapsync's line for a message that could not be read.
func fetchText(fs *folderSync, t *task, why string) string {
	r := &fs.src.Recs[t.src]
	return fmt.Sprintf("- msg %s/%d {%d} S[%d] F[%s] I[%s] could not be fetched: %s",
		fs.from.Raw, t.uid, 0, t.size, joinFlags(fs.run.flags[0].List(r.Flags)), fs.dateFor(r), why)
}

func joinFlags(flags []imap.Flag) string {
	words := make([]string, len(flags))
	for i, f := range flags {
		words[i] = string(f)
	}
	return strings.Join(words, " ")
}
