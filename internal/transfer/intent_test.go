package transfer

import (
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/history"
	"github.com/imaphaul/imaphaul/internal/identity"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/transform"
)

// keeper keeps a journal, and whether it failed.
type keeper struct {
	j      *journal.Journal
	failed error
}

func (k *keeper) Journal() *journal.Journal { return k.j }

func (k *keeper) JournalFailed(err error) {
	if err != nil {
		k.failed = err
	}
}

// journaled is a copying with a journal, and folders of so many messages to copy, in
// one copy batch.
func journaled(t *testing.T, sizes ...int) (*copyBatch, []*Folder, *keeper) {
	t.Helper()
	p := new(plan.Plan)
	j, err := journal.Open(t.Context(), t.TempDir(), journal.Pair{Host1: "a", User1: "u", Host2: "b", User2: "u"}, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	k := &keeper{j: j}
	var flags [2]listing.FlagTable
	control := session.NewControl(session.Orders{Sink: func(event.Event) {}})
	r := New(p)
	r.Begin(Terms{Plan: p, Control: control, Limits: session.NewLimits(p, control, nil, new(session.Governors)), Memory: k, Pipeline: new(transform.Pipeline), Flags: &flags})
	unflagged := flags[0].Intern(nil)
	var copiers []*Folder
	for i, n := range sizes {
		name := event.Folder{Raw: string(rune('A' + i))}
		c := &Folder{run: r, Pair: Pair{
			From: name, To: name, Src: &listing.Listing{}, Dst: &listing.Listing{UIDNext: 1}, DstOpened: &imapconn.SelectData{},
			Known:    history.New(j, name.Raw, name.Raw, [2]*listing.FlagTable{&flags[0], &flags[1]}),
			FlagsOn2: func(*listing.Record) []imap.Flag { return nil },
		}}
		opened := history.Opened{UIDValidity: 7, UIDNext: 1}
		if _, err := c.Known.Load(opened, opened); err != nil {
			t.Fatal(err)
		}
		for m := range n {
			key := identity.Key{Sum: [16]byte{byte(i), byte(m), byte(m >> 8)}}
			c.Src.Recs = append(c.Src.Recs, listing.Record{UID: imap.UID(m + 1), Key: key, Size: 1000, Flags: unflagged, Bits: listing.HasKey})
			c.Messages = append(c.Messages, c.Message(int32(m)))
		}
		copiers = append(copiers, c)
	}
	return &copyBatch{run: r, tasks: gather(copiers)}, copiers, k
}

// Messages may come from host1 in another order than they were asked for, since
// servers may answer several FETCH commands at a time. Whatever the order, each
// one is announced before it leaves, once, and under its own folder.
func TestAnnouncedUnderItsOwnFolder(t *testing.T) {
	t.Parallel()
	// As measured on Dovecot: three windows side by side, the rest of the first
	// one last.
	order := []struct{ from, to int }{{0, 50}, {500, 722}, {1000, 1250}, {722, 1000}, {50, 500}}
	v, copiers, k := journaled(t, 1250, 1250)
	d := &appender{v: v}
	var batch []*item
	send := func() {
		d.recordIntent(batch)
		for _, it := range batch {
			if !it.t.announced {
				t.Errorf("UID %d leaves unannounced", it.t.UID())
			}
		}
		batch = nil
	}
	for base := 0; base < len(v.tasks); base += 1250 {
		for _, part := range order {
			for i := part.from; i < part.to; i++ {
				if batch = append(batch, &item{t: &v.tasks[base+i], at: base + i}); len(batch) == batchMessages {
					send()
				}
			}
		}
		if len(batch) > 0 {
			send()
		}
	}
	if k.failed != nil {
		t.Fatalf("the journal refused an announcement: %v", k.failed)
	}
	for _, c := range copiers {
		batches, err := c.Known.Folder.InDoubt()
		if err != nil {
			t.Fatal(err)
		}
		var uids []imap.UID
		for _, b := range batches {
			if len(b.Items) > intentMessages {
				t.Errorf("an intent of %d messages", len(b.Items))
			}
			for _, e := range b.Items {
				uids = append(uids, e.UID1)
				if own := c.Src.Recs[e.UID1-1].Key; history.KeyOf(&e) != own {
					t.Errorf("folder %s, UID %d is announced with the key of another message", c.From.Raw, e.UID1)
				}
			}
		}
		slices.Sort(uids)
		if want := len(c.Messages); len(uids) != want || len(slices.Compact(uids)) != want {
			t.Errorf("folder %s: %d announcements for %d messages", c.From.Raw, len(uids), want)
		}
	}
}

// The journal is told of messages before they come. One that then comes cut is told of
// once more, as cut: what is found of it after an interruption is no proof of the whole.
func TestCutAfterItWasAnnounced(t *testing.T) {
	t.Parallel()
	v, copiers, k := journaled(t, 40)
	d := &appender{v: v}
	items := make([]*item, 40)
	for i := range items {
		items[i] = &item{t: &v.tasks[i], at: i}
	}
	d.recordIntent(items[:1])
	items[7].cut, items[23].cut = "host1 sent 1 of its 1000 bytes", "host1 sent 999 of its 1000 bytes"
	for at := 1; at < len(items); at += 3 {
		d.recordIntent(items[at:min(at+3, len(items))])
	}
	if k.failed != nil {
		t.Fatalf("the journal refused an announcement: %v", k.failed)
	}
	batches, err := copiers[0].Known.Folder.InDoubt()
	if err != nil {
		t.Fatal(err)
	}
	cut := make(map[imap.UID]bool)
	for _, b := range batches {
		for _, e := range b.Items {
			cut[e.UID1] = e.Cut
		}
	}
	for i, it := range items {
		if got, known := cut[it.t.UID()]; !known || got != (it.cut != "") {
			t.Errorf("message %d: announced %v, as cut %v", i, known, got)
		}
	}
}
