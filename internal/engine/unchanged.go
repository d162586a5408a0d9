package engine

import (
	"fmt"

	"github.com/emersion/go-imap/v2"
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
// HIGHESTMODSEQ. A server without CONDSTORE can not say so much.
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
	case known.HasDoubt():
		return news{why: "an interrupted run left messages in doubt"}
	}
	if n := newsOf(1, r.src.status[fs.from.Raw], st.UIDValidity1, st.UIDNext1, st.Messages1, st.ModSeq1); n != (news{}) {
		return n
	}
	return newsOf(2, r.dst.status[fs.to.Raw], st.UIDValidity2, st.UIDNext2, st.Messages2, st.ModSeq2)
}

// newsOf compares what a host tells of a folder with what it told when everything
// had been carried over. 0 stands for what it did not tell.
func newsOf(host int, d *imap.StatusData, validity, next, messages uint32, modseq uint64) news {
	if d == nil || d.NumMessages == nil {
		return news{host: host}
	}
	for _, x := range []struct {
		what      string
		then, now uint64
		zero      bool // 0 is an answer
	}{
		{"UIDVALIDITY", uint64(validity), uint64(d.UIDValidity), false},
		{"UIDNEXT", uint64(next), uint64(d.UIDNext), false},
		{"number of messages", uint64(messages), uint64(*d.NumMessages), true},
		{"HIGHESTMODSEQ", modseq, d.HighestModSeq, false},
	} {
		if x.then != x.now || x.now == 0 && !x.zero {
			return news{what: x.what, host: host, then: x.then, now: x.now}
		}
	}
	return news{}
}
