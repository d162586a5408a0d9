package verification

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/guard"
	"github.com/imaphaul/imaphaul/internal/habits"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
)

// knowledge is what the journal is asked for: what host2 does to messages, and what
// was there before the first run. Pairs are none of it.
type knowledge struct {
	j      *journal.Journal
	dir    string
	habits habits.Seen
	// firstAt is when the first run was, zero when that is not known.
	firstAt time.Time
	now     time.Time
	newMail bool // --delete2newmail

	others []journal.Other
	asked  bool // whether others was read
}

// openKnowledge reads the journal of a plan, if there is one. It locks nothing for
// longer than the verification.
func openKnowledge(ctx context.Context, p *plan.Plan, note func(string)) (*knowledge, error) {
	k := &knowledge{j: journal.None(), now: time.Now(), newMail: p.Deletion.Delete2New}
	if !p.Journal.Enabled {
		note("Without a journal (--nousecache) nothing is known of host2's habits, and of what it held before the first run.")
		return k, nil
	}
	k.dir = p.Journal.Dir
	if k.dir == "" {
		dir, err := journal.DefaultDir()
		if err != nil {
			return k, nil //nolint:nilerr // then there is none
		}
		k.dir = dir
	}
	j, err := journal.Open(ctx, k.dir, planned.Journal(p), journal.Options{Mode: journal.ReadOnly})
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		note(fmt.Sprintf("The journal could not be read, so nothing is known of host2's habits, and of what it held before the first run: %v", err))
		return k, nil
	}
	k.j, k.firstAt = j, j.Runs().First
	return k, nil
}

// recallHabits takes over what is known of the server that greets like this.
func (k *knowledge) recallHabits(host, greeting string) {
	var l struct {
		Host, Greeting string
		Habits         habits.Seen
	}
	if note := k.j.Note(2); len(note) == 0 || json.Unmarshal(note, &l) != nil || l.Host != host {
		return
	}
	if habits.SameKind(l.Greeting, greeting) {
		k.habits = l.Habits
	}
}

// ignored are the header fields that host2 was seen to add or drop.
func (k *knowledge) ignored() map[string]bool {
	out := make(map[string]bool)
	for name := range k.habits.Added {
		out[name] = true
	}
	for name := range k.habits.Dropped {
		out[name] = true
	}
	return out
}

// words lists the habits with their counts.
func (k *knowledge) words() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(k.habits.Added)) {
		out = append(out, fmt.Sprintf("adds %s (seen %d times)", name, k.habits.Added[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(k.habits.Dropped)) {
		out = append(out, fmt.Sprintf("drops %s (seen %d times)", name, k.habits.Dropped[name]))
	}
	for _, n := range slices.Sorted(maps.Keys(k.habits.Grown)) {
		out = append(out, fmt.Sprintf("changes sizes by %+d bytes (seen %d times)", n, k.habits.Grown[n]))
	}
	return out
}

// pairs are the parts of the journal for a host2 folder.
func (k *knowledge) pairs(from []string, to string) []*journal.Folder {
	var out []*journal.Folder
	for _, f := range k.j.Folders() {
		name1, name2 := f.Names()
		if name2 == to && (len(from) == 0 || slices.Contains(from, name1)) {
			out = append(out, f)
		}
	}
	return out
}

// judge tells extra messages of one host2 folder apart.
type judge struct {
	k     *knowledge
	facts guard.Known
	// gone are those whose counterpart has left host1 since, moved those whose counterpart
	// a run deleted there (--delete1), others those that other runs stored.
	gone, moved, others map[imap.UID]bool
}

// judgeFor reads what is known of a host2 folder.
func (k *knowledge) judgeFor(ctx context.Context, p *plan.Plan, from []string, to string, validity uint32) (*judge, error) {
	j := &judge{k: k, gone: make(map[imap.UID]bool), moved: make(map[imap.UID]bool), others: make(map[imap.UID]bool)}
	j.facts = guard.Known{FirstAt: k.firstAt, Now: k.now, NewMail: k.newMail}
	for _, f := range k.pairs(from, to) {
		state, ok := f.State()
		if ok && state.UIDValidity2 != 0 && state.UIDValidity2 != validity {
			continue // it belongs to another folder of this name
		}
		if first := f.First(); first.UIDNext2 != 0 && (j.facts.FirstNext == 0 || uint32(first.UIDNext2) < j.facts.FirstNext) {
			j.facts.FirstNext = uint32(first.UIDNext2)
		}
		if ok {
			j.stored(f, state)
		}
	}
	if !k.asked && k.dir != "" {
		k.asked = true
		all, _, err := journal.Others(ctx, k.dir, k.j.Path(), planned.Journal(p))
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err == nil {
			k.others = all
		}
	}
	for i := range k.others {
		for _, f := range k.others[i].Folders {
			if f.Name2 != to || f.UIDValidity2 != validity {
				continue
			}
			for _, pair := range f.Pairs {
				j.others[pair.UID2] = true
			}
			for _, pair := range f.Claimed {
				j.others[pair.UID2] = true
			}
		}
	}
	return j, nil
}

// stored takes in what runs stored in a folder. Only messages of host2 that stand for none
// of host1 are judged, so that the counterpart of these has left host1, whether a run has
// seen that or none since.
func (j *judge) stored(f *journal.Folder, state journal.FolderState) {
	if _, err := f.Attach(state.UIDValidity1, state.UIDValidity2); err != nil {
		return // what is not known explains nothing
	}
	for _, list := range []iter.Seq2[journal.Entry, error]{f.Entries(), f.Extras()} {
		for e, err := range list {
			switch {
			case err != nil:
				return
			case e.UID2 == 0 || !e.Delivered:
			case e.OurDeleted:
				j.moved[e.UID2] = true
			default:
				j.gone[e.UID2] = true
			}
		}
	}
}

// clockSlack is how far the clocks of host2 and of this machine may be apart.
const clockSlack = time.Hour

const leftByDelete1 = "its original was deleted on host1 after it had been copied (--delete1)"

// why explains an extra message; explained says whether it is what one would expect.
func (j *judge) why(uid imap.UID, arrived time.Time, deleting bool) (reason, remedy string, explained bool) {
	switch j.facts.Rule(guard.Extra{UID: uint32(uid), Arrived: arrived, Others: j.others[uid], Moved: j.moved[uid], Gone: j.gone[uid]}) {
	case guard.OthersMail:
		return "another run stored it, of another account or another folder", "", true
	case guard.MovedMail:
		return leftByDelete1, "", true
	case guard.NewMail:
		if arrived.Before(j.facts.FirstAt.Add(-clockSlack)) {
			return "it came to host2 after the first run, with an older date: its owner moved it there, or another program stored it", "look at it; --delete2 keeps it", false
		}
		return "new mail: it came to host2 after the first run, and is not known as what a run stored for a message that host1 had", "", true
	case guard.RecentMail:
		return fmt.Sprintf("new mail: it is younger than %d days, and no run is known to have stored it", guard.RecentDays), "", true
	}
	if j.gone[uid] {
		if deleting {
			return leftByDelete1, "", true
		}
		return "its original has left host1 since it was copied", "--delete2 would delete it", false
	}
	return "host1 does not have it, and it is too old to be new mail", "look at it; --delete2 would delete it", false
}
