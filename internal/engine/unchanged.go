package engine

import (
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/journal"
)

// skippable reports whether an unchanged folder may be left alone: only when the
// run asks for nothing but the plain work that was done when its state was
// stored.
func (r *run) skippable() bool {
	p := r.p
	s, d := &p.Selection, &p.Deletion
	return p.Mode == "sync" && !r.restricted() && !p.Folders.SyncACLs && !p.Folders.SkipEmpty &&
		!d.Delete1 && !d.Delete2 && !d.Delete2Duplicates && !d.Expunge1 && !d.Expunge2 &&
		!p.Identity.SkipCrossDuplicates && !r.headersChosen() && len(p.Flags.RegexFlag) == 0 && !s.CheckMessageExists && !r.labels()
}

// restricted reports whether options leave messages out.
func (r *run) restricted() bool {
	s, t := &r.p.Selection, &r.p.Transform
	return s.Search1 != "" || s.Search2 != "" || s.MaxAge != nil || s.MinAge != nil || s.MinSize != nil ||
		len(t.SkipMess) > 0 || t.MaxLineLength != nil || t.MinMaxLineLength != nil || s.FetchSet != ""
}

// unchanged reports whether both folders are as they were when everything in
// them had been carried over: same UIDVALIDITY, UIDNEXT, number of messages and
// HIGHESTMODSEQ. A server without CONDSTORE cannot say so much; there the flags have to
// be as they were (see flagdigest.go).
func (fs *folderSync) unchanged() bool { return fs.news() == news{} }

// news is why a folder pair has to be looked at, the zero value that it need not
// be: what a host tells is not what it was, or nothing that can be compared (0), or
// something else (why). It is put into words only for those who ask.
type news struct {
	why       string
	what      string
	host      int
	then, now uint64
}

func (n news) String() string {
	switch {
	case n.why != "":
		return n.why
	case n.what == "":
		return fmt.Sprintf("host%d tells nothing of it", n.host)
	case n.then == n.now:
		return fmt.Sprintf("host%d tells no %s", n.host, n.what)
	}
	return fmt.Sprintf("host%d's %s was %d and is %d", n.host, n.what, n.then, n.now)
}

func (fs *folderSync) news() news {
	r := fs.run
	known := r.j.Folder(fs.from.Raw, fs.to.Raw)
	st, ok := known.State()
	switch {
	case !ok || st.CompleteAt.IsZero():
		return news{why: "no run carried everything over yet"}
	case fs.from.Raw == r.allMail():
		return news{why: "messages of it may have lost their labels"}
	case !r.skippable():
		return news{why: "the options ask for it"}
	case !r.on2.folders.Has(fs.to.Raw):
		return news{why: "host2 does not have it"}
	case fs.merge != nil && fs.merge.changed:
		return news{why: "another folder that goes to the same one is to be looked at"}
	case len(r.left[r.surelyKey(fs.to.Raw)]) > 0:
		return news{why: "another folder that went to the same one takes no part"}
	case r.otherFlags[known]:
		return news{why: "options of the last run changed flags"}
	case known.HasDoubt():
		return news{why: "an interrupted run left messages in doubt"}
	}
	for _, n := range []event.Side{1, 2} {
		if x := fs.newsOn(n, st, fs.flagsAsThen(n)); x != (news{}) {
			return x
		}
	}
	return news{}
}

// newsOn is what a host tells of the folder that it did not tell then. asThen: its flags are
// known to be as they were.
func (fs *folderSync) newsOn(n event.Side, st journal.FolderState, asThen bool) news {
	return newsOf(int(n), fs.statusOn(n), stateOn(st, n), asThen)
}

// statusOn is what a side told of the folder, nil for nothing.
func (fs *folderSync) statusOn(n event.Side) *imap.StatusData {
	if n == 2 {
		return fs.run.dst.status[fs.to.Raw]
	}
	return fs.run.src.status[fs.from.Raw]
}

// stateThen is what one side was like when everything had been carried over, 0 for what it
// did not tell.
type stateThen struct {
	validity, next, messages uint32
	modseq                   uint64
	size                     int64 // negative: not known
}

func stateOn(st journal.FolderState, n event.Side) stateThen {
	if n == 2 {
		return stateThen{st.UIDValidity2, st.UIDNext2, st.Messages2, st.ModSeq2, st.Size2}
	}
	return stateThen{st.UIDValidity1, st.UIDNext1, st.Messages1, st.ModSeq1, st.Size1}
}

// needsFlags: no MODSEQ tells whether something happened to the messages there.
func (s stateThen) needsFlags() bool { return s.modseq == 0 && s.messages > 0 }

// sized: the sum of its messages' sizes is known.
func (s stateThen) sized() bool { return s.size >= 0 }

// tellsSize reports whether a side told the size of the folder.
func (fs *folderSync) tellsSize(n event.Side) bool {
	d := fs.statusOn(n)
	return d != nil && d.Size != nil
}

// newsOf compares what a host tells of a folder with what it told when everything
// had been carried over. 0 stands for what it does not tell. Without MODSEQs the flags have
// to be as then, where there are messages, and the sizes together, where they are told.
func newsOf(host int, d *imap.StatusData, then stateThen, asThen bool) news {
	if d == nil || d.NumMessages == nil {
		return news{host: host}
	}
	sameFlags := d.HighestModSeq == 0 && then.modseq == 0 && (asThen || !then.needsFlags()) &&
		(d.Size == nil || then.size < 0 || *d.Size == then.size)
	for _, x := range []struct {
		what      string
		then, now uint64
		zero      bool // 0 is an answer
	}{
		{"UIDVALIDITY", uint64(then.validity), uint64(d.UIDValidity), false},
		{"UIDNEXT", uint64(then.next), uint64(d.UIDNext), false},
		{"number of messages", uint64(then.messages), uint64(*d.NumMessages), true},
		{"HIGHESTMODSEQ", then.modseq, d.HighestModSeq, sameFlags},
	} {
		if x.then != x.now || x.now == 0 && !x.zero {
			return news{what: x.what, host: host, then: x.then, now: x.now}
		}
	}
	return news{}
}
