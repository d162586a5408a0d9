package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/maildate"
)

// deletable is a host2 folder that --delete2folders may delete: how many messages go with
// it, or why it stays.
type deletable struct {
	name     string
	messages int64
	why      string
	// refused are those of the messages that --delete2 was not allowed to delete before,
	// when the folder had of messages.
	refused, of int64
}

// judgeFolders decides about the folders that --delete2folders would delete, children
// before parents. A folder goes with all that is in it, so it is judged as --delete2
// judges messages: none goes that a run delivered, that seems new, or that makes more
// than half of the account.
func (r *run) judgeFolders(ctx context.Context, names []string) ([]deletable, error) {
	if len(names) == 0 {
		return nil, nil
	}
	one, err := r.askAccount(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]deletable, 0, len(names))
	var going int64
	for _, name := range names {
		if r.stopping() {
			return nil, errStopped
		}
		f := deletable{name: name, why: one.why + one.unknown}
		if f.why == "" {
			if err := r.judge(ctx, &f); err != nil {
				return nil, err
			}
		}
		if f.why == "" {
			for i := range out {
				if sep := r.dst.space.Own; out[i].why != "" && sep != "" && strings.HasPrefix(out[i].name, name+sep) {
					f.why = fmt.Sprintf("%q stays below it", folderName(out[i].name).Text)
				}
			}
		}
		if f.why == "" {
			r.refuseLarge(&f)
		}
		if f.why == "" {
			going += f.messages
		}
		out = append(out, f)
	}
	if one.why != "" {
		r.refuseFolder(2, names[0], one.why)
	}
	r.ceiling(out, going)
	return out, nil
}

// refuseLarge keeps a folder in which many messages are.
func (r *run) refuseLarge(f *deletable) {
	no := guard.RefuseRemoval(f.messages, r.p.Deletion.Delete2Max)
	if no == nil && f.refused > 0 && !guard.AllowsRefused(f.refused, f.of, r.p.Deletion.Delete2Max) {
		no = &guard.Refusal{Why: guard.RefusedBefore(f.refused, f.of)}
	}
	if no == nil {
		return
	}
	f.why = no.Why
	name := folderName(f.name)
	r.emit(event.DeletionRefused{Side: 2, Folder: name, Count: f.messages, Why: no.Why, Ceiling: true})
	r.fault(event.Error{Class: event.ErrRefused, Folder: name, Text: fmt.Sprintf("Host2: folder %s: refused to delete the folder: %s", f.name, no.Why),
		Hint: "look whether host1 is what you think it is; then --delete2max 100% (or a number of messages) allows it"})
}

// ceiling keeps all folders with messages if too many messages would go with them.
func (r *run) ceiling(list []deletable, going int64) {
	if going == 0 {
		return
	}
	var all int64
	for _, f := range r.dst.world.Folders {
		if n, known := r.dst.messages(f.Name); known {
			all += int64(n)
		}
	}
	no := guard.RefuseFolder(guard.Facts{SourceComplete: true, SourceMessages: 1, DestMessages: max(all, going)}, going, r.p.Deletion.Delete2Max)
	if no == nil {
		return
	}
	why := strings.Replace(no.Why, "of the folder", "of the account", 1)
	for i := range list {
		if list[i].why != "" || list[i].messages == 0 {
			continue
		}
		list[i].why = why
		r.emit(event.DeletionRefused{Side: 2, Folder: folderName(list[i].name), Count: list[i].messages, Why: why, Ceiling: true})
	}
	r.fault(event.Error{Class: event.ErrRefused, Text: fmt.Sprintf("Host2: refused to delete folders with %d messages: %s", going, why),
		Hint: "look whether host1 is what you think it is; then --delete2max 100% (or a number of messages) allows it"})
}

// judge looks into one folder.
func (r *run) judge(ctx context.Context, f *deletable) error {
	selectable := false
	for _, w := range r.dst.world.Folders {
		selectable = selectable || w.Name == f.name && w.Selectable()
	}
	if !selectable {
		return nil // it holds no mail
	}
	k := r.main.dst
	opened, err := k.Open(ctx, f.name, false)
	if err != nil {
		if !isRefusal(err) {
			return err
		}
		f.why = "it could not be looked into: " + serverWords(err)
		return nil
	}
	if opened.Exists == 0 {
		return nil
	}
	arrived := make(map[imap.UID]time.Time)
	err = k.Do(ctx, func(c *imapconn.Conn) error {
		clear(arrived)
		stream := c.Fetch(imapconn.FetchItems{UID: true, InternalDate: true})
		if err := stream.AskRange(ctx, 1, 0); err != nil {
			return err
		}
		err := stream.Each(ctx, func(m *imapconn.Message) error {
			arrived[m.UID] = time.Time{}
			if seconds, zone, ok := maildate.Read(m.InternalDate); ok {
				arrived[m.UID] = maildate.At(seconds, zone)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return rangeErr(stream)
	})
	switch {
	case err != nil && !isRefusal(err):
		return err
	case err != nil:
		f.why = "it could not be looked into: " + serverWords(err)
		return nil
	case !opened.Covers(maps.Keys(arrived)):
		f.why = fmt.Sprintf("host2 says that it has %d messages, and lists %d", opened.Exists, len(arrived))
		return nil
	}
	f.messages = int64(len(arrived))
	before := r.pastOf(f.name, opened.UIDValidity)
	f.refused, f.of = before.among(maps.Keys(arrived)), before.of
	names, err := r.likeOn2(ctx, f.name, opened.UIDValidity)
	if err != nil {
		return err
	}
	other, err := r.otherName(ctx, f.name, names, opened, slices.Sorted(maps.Keys(arrived)))
	if err != nil {
		return err
	}
	if other = cmp.Or(other, r.otherStoreName(f.name)); other != "" {
		f.why = fmt.Sprintf("it may be folder [%s] under another name: both have the same messages under the same UIDs", other)
		return nil
	}
	return r.judgeMail(ctx, f, opened.UIDValidity, arrived)
}

// withoutMoved is what a journal of this account knows of a folder pair, without the
// messages that are in another folder of host2 since they were moved there on host1: a
// renamed folder's.
func (r *run) withoutMoved(f *journal.OtherFolder, m *claims) *journal.OtherFolder {
	out := *f
	out.Pairs = slices.DeleteFunc(slices.Clone(f.Pairs), func(p journal.Paired) bool {
		moved := r.moves.elsewhere(f.Name2, p.UID2)
		if moved {
			m.gone[p.UID2] = true
		}
		return moved
	})
	return &out
}

// judgeMail holds the messages of a folder against what journals know.
func (r *run) judgeMail(ctx context.Context, f *deletable, validity uint32, arrived map[imap.UID]time.Time) error {
	d := &r.p.Deletion
	others, err := r.others(ctx)
	if err != nil {
		return err
	}
	m := newClaims()
	m.doubt(others.unread)
	self := r.journalPair()
	for i := range others.all {
		o := &others.all[i]
		if o.Pair.SameHost1(self) {
			m.first(r.firstOf(o.Note, f.name, validity))
			m.since(o.Runs)
		}
		for n := range o.Folders {
			if at := &o.Folders[n]; r.sameFolder2(at.Name2, f.name) {
				if at.UIDValidity2 == validity {
					m.first(at.First)
				}
				if o.Pair.SameHost1(self) {
					at = r.withoutMoved(at, m)
				}
				m.foreignFolder(at, o, validity)
			}
		}
	}
	m.aliases(others, f.name, validity)
	if d.Delete1 || r.p.Folders.Delete1EmptyFolders {
		// A journal tells of the runs since it was begun, and not of those before.
		m.doubt("the same command deletes on host1, and no journal tells that no earlier run moved them from there; --delete2folders in a run without the options that delete on host1 takes them")
	}
	known := guard.Known{FirstNext: uint32(m.next), FirstAt: m.at, Now: time.Now(), NewMail: d.Delete2New, Unsure: m.unsure}
	var kept [guard.Rules]int64
	for uid, at := range arrived {
		kept[known.Rule(guard.Extra{UID: uint32(uid), Arrived: at, Others: m.others(uid), Gone: m.gone[uid]})]++
	}
	for rule := guard.Goes + 1; rule < guard.Rules; rule++ {
		if kept[rule] == 0 {
			continue
		}
		why := known.Why(rule)
		if rule == guard.OthersMail {
			why = "a run delivered them there"
		}
		whose := ""
		if kept[rule] != f.messages {
			whose = fmt.Sprintf(" (%d of them)", kept[rule])
		}
		r.emit(event.DeletionRefused{Side: 2, Folder: folderName(f.name), Count: f.messages, Why: why + whose})
		f.why = fmt.Sprintf("%d messages in it: %s", kept[rule], why)
		return nil
	}
	return nil
}
