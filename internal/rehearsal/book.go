// Package rehearsal makes the page that a rehearsal (--dry) ends with: it folds the
// events of the run into event.Rehearsed, a plain value that the text, --json and
// reports show. It asks nobody and knows no connection.
package rehearsal

import (
	"slices"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// Book collects what the events of a rehearsal tell. It is not safe for concurrent use:
// its owner calls it where events are folded.
type Book struct {
	now func() time.Time

	folders []*folder
	from    map[string]*folder // by host1's raw name
	to      map[string]*folder // by host2's, the one begun last
	mapped  event.Mapped
	create  []event.Folder
	remove  []event.FolderRemoval
	kept    []event.FolderRemoval
	named   map[string]string // refused host2 names, and the words

	limit    event.SizeLimit
	quota    event.Quota
	certs    [3]event.Certificate
	tokens   []event.TokenScope
	delivery event.Delivery
	rates    []event.Rate
	days     []event.DayLimit

	// looked is when the comparison was over, facts when the last fact was told that
	// was asked for behind it.
	looked, facts time.Time
	// trip is the longer one of the round trips to the hosts, in seconds, 0 for unknown.
	trip float64
	// blind are sentences about what is not foretold.
	blind []string
}

// folder is what was told of one folder pair.
type folder struct {
	event.RehearsedFolder
	skip map[event.Skip]*event.SkipAmount
	done bool
}

// New returns an empty Book; now is the clock, blind are sentences about what options
// do that a rehearsal does not foretell.
func New(now func() time.Time, blind []string) *Book {
	return &Book{
		now: now, blind: blind, from: make(map[string]*folder), to: make(map[string]*folder), named: make(map[string]string),
	}
}

// Event folds one event.
func (b *Book) Event(e event.Event) {
	switch e := e.(type) {
	case event.MessageCopied:
		if f := b.from[e.From.Raw]; f != nil {
			f.Copy.Messages++
			f.Copy.Bytes += e.Bytes
		}
	case event.MessagesPresent:
		if f := b.from[e.Folder.Raw]; f != nil {
			f.Present.Messages += e.Count
			f.Present.Bytes += e.Bytes
		}
	case event.MessageSkipped:
		b.skipped(e)
	case event.FlagsChanged:
		if f := b.to[e.Folder.Raw]; f != nil {
			f.Flags += e.Count
		}
	case event.MessagesDeleted:
		if f := b.ofSide(e.Side, e.Folder); f != nil {
			f.Delete[e.Side] += int64(len(e.UIDs))
		}
	case event.DeletionRefused:
		if f := b.ofSide(e.Side, e.Folder); f != nil {
			f.Rules = append(f.Rules, event.GuardRule{Side: e.Side, Count: e.Count, Why: e.Why, Ceiling: e.Ceiling})
		}
	case event.Mapped:
		b.mapped = e
	case event.FolderStart:
		f := &folder{RehearsedFolder: event.RehearsedFolder{From: e.From, To: e.To}, skip: make(map[event.Skip]*event.SkipAmount)}
		b.folders = append(b.folders, f)
		b.from[e.From.Raw], b.to[e.To.Raw] = f, f
	case event.FolderCreated:
		b.created(e)
	case event.FolderSkipped:
		f := b.to[e.Folder.Raw]
		if e.Side == 1 {
			f = b.from[e.Folder.Raw]
		}
		if f != nil {
			f.NotLooked = e.Why
		}
	case event.FolderDone:
		b.folderDone(e)
	case event.FolderRemoved:
		r := event.FolderRemoval{Side: e.Side, Folder: e.Folder, Messages: e.Messages, Why: e.Kept}
		if e.Kept != "" {
			b.kept = append(b.kept, r)
		} else {
			b.remove = append(b.remove, r)
		}
	case event.Error:
		if e.Class == event.ErrCreate {
			b.named[e.Folder.Raw] = e.Text
		}
	case event.LoopEnd:
		b.looked = b.now()
	default:
		b.fact(e)
	}
}

// fact notes what is told of the accounts and of the way to them.
func (b *Book) fact(e event.Event) {
	switch e.(type) {
	case event.TokenScope, event.Delivery, event.Rate, event.DayLimit:
		b.facts = b.now()
	}
	switch e := e.(type) {
	case event.Underway:
		b.trip = max(e.ShortestTripSeconds[1], e.ShortestTripSeconds[2])
	case event.SizeLimit:
		b.limit = e
	case event.Quota:
		if e.Side == 2 {
			b.quota = e
		}
	case event.Connected:
		if side := e.Side; (side == 1 || side == 2) && !e.CertificateExpires.IsZero() {
			b.certs[side] = event.Certificate{Side: side, Expires: e.CertificateExpires, Days: days(e.CertificateExpires.Sub(b.now()))}
		}
	case event.TokenScope:
		b.tokens = slices.DeleteFunc(b.tokens, func(t event.TokenScope) bool { return t.Side == e.Side })
		b.tokens = append(b.tokens, e)
	case event.Delivery:
		b.delivery = e
	case event.Rate:
		b.rates = append(b.rates, e)
	case event.DayLimit:
		b.days = append(b.days, e)
	}
}

// days are whole days, rounded down.
func days(d time.Duration) int64 {
	n := int64(d / (24 * time.Hour))
	if d < 0 && d%(24*time.Hour) != 0 {
		n--
	}
	return n
}

// ofSide is the folder pair that a folder of a side belongs to.
func (b *Book) ofSide(side event.Side, f event.Folder) *folder {
	switch side {
	case 1:
		return b.from[f.Raw]
	case 2:
		return b.to[f.Raw]
	}
	return nil
}

func (b *Book) skipped(e event.MessageSkipped) {
	f := b.from[e.Folder.Raw]
	if f == nil || e.Side == 2 {
		return
	}
	if e.Reason == event.SkipPresent {
		f.Present.Messages++
		f.Present.Bytes += e.Bytes
		return
	}
	s := f.skip[e.Reason]
	if s == nil {
		s = &event.SkipAmount{Reason: e.Reason}
		f.skip[e.Reason] = s
	}
	s.Messages++
	s.Bytes += e.Bytes
}

func (b *Book) created(e event.FolderCreated) {
	if e.Already != "" {
		return
	}
	for _, f := range b.create {
		if f.Raw == e.Folder.Raw {
			return // the parent of several, or the goal of several
		}
	}
	b.create = append(b.create, e.Folder)
}

func (b *Book) folderDone(e event.FolderDone) {
	f := b.from[e.From.Raw]
	if f == nil {
		return
	}
	f.done, f.Failed = true, e.Failed
	if e.Unchanged {
		f.Present.Messages = max(f.Present.Messages, e.Identified1-e.OnlyOn1)
	}
}
