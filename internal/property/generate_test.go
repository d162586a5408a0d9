package property

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// The kinds of options that cases are made of, each with its values.
var (
	deleting = []string{
		"--delete1", "--delete1", "--delete1 --noexpunge1", "--delete1 --expunge1", "--expunge1", "--delete1 --delete1emptyfolders", "--delete1emptyfolders",
		"--delete2", "--delete2", "--delete2 --delete2max 100%", "--delete2 --delete2newmail", "--delete2 --quarantine2 Kept", "--delete2duplicates",
		"--delete1 --expunge1 --delete1emptyfolders", "--delete2 --delete2duplicates", "--delete2duplicates --expunge2", "--delete1 --delete2", "--delete2 --uidexpunge2",
		"--expunge2", "--delete2 --expunge2", "--delete2folders", "--delete1 --delete1emptyfolders --delete2folders",
		"--delete2folders --delete2foldersbutnot /^Sent$/", "--delete1 --noexpungeaftereach", "--delete2 --expunge2 --delete2duplicates",
		"--delete1 --delete2duplicates", "--delete2 --delete2max 1",
	}
	selecting = []string{
		"--maxage 30", "--maxage 5", "--minage 30", "--minage 200", "--search UNSEEN", "--search FLAGGED", "--search UNDELETED",
		"--maxsize 500", "--minsize 500", "--folder INBOX", "--folder Work", "--exclude ^Work$", "--exclude ^Old$",
		"--useheader Message-Id", "--useheader Subject", "--skipheader ^Received", "--skipheader ^Message-Id",
		"--syncduplicates", "--skipcrossduplicates", "--noresurrect", "--addheader", "--truncmess 250", "--truncmess 400",
		"--maxage 100 --minage 5", "--maxage 5 --minage 100", "--search ANSWERED", "--search SEEN", "--useheader Received", "--useheader Date", "--exclude ^INBOX$", "--folder Old",
		"--nousecache", "--useuid", "--noresyncflags", "--skipemptyfolders", "--syncduplicates --skipcrossduplicates", "--useheader Message-Id --addheader",
		"--search1 UNSEEN", "--noabletosearch", "--syncflagsaftercopy", "--include (?i)^(INBOX|Work)$", "--folderfirst Work", "--folderlast INBOX", "--noskipsize",
	}
	mapping = []string{
		"--automap", "--f1f2 Old=INBOX", "--f1f2 Work=INBOX", "--f1f2 Old=Work", "--regextrans2 s/^Old$/Work/", "--regextrans2 s/.*/INBOX/",
		"--subfolder2 Archive", "--f1f2 INBOX=Archive",
	}
)

// generate makes up a case.
func generate(r *rand.Rand) *testCase {
	c := &testCase{}
	c.someMails(r)
	c.somePuts(r)
	plain, full := someOptions(r)
	n := 2 + r.IntN(4)
	hasOther := slices.ContainsFunc(c.puts, func(p put) bool { return p.side == 3 })
	for len(c.steps) < n {
		last := len(c.steps) == n-1
		chosen := full
		if !last && r.IntN(3) == 0 {
			chosen = plain
		}
		s := step{verb: "run", options: chosen, dry: r.IntN(3) == 0, again: r.IntN(2) == 0}
		switch k := r.IntN(20); {
		case last && k > 2, k < 6:
		case k < 8 && hasOther:
			s.verb = "other"
		case k == 8:
			s.verb, s.again = "same", false
		case k == 11 && !last:
			s = c.someMishap(r)
		case k < 11:
			s = step{verb: "kill", how: []string{cancelled, cutOff, crashed}[r.IntN(3)], side: 1 + r.IntN(2), bytes: 300 + r.IntN([]int{1000, 3500, 9000}[r.IntN(3)]), options: chosen}
		default:
			s = c.someChange(r)
		}
		c.steps = append(c.steps, s)
	}
	return c
}

func (c *testCase) someMails(r *rand.Rand) {
	for n := range 4 + r.IntN(4) {
		m := mail{name: string(rune('a' + n)), age: []int{1, 10, 60, 400}[r.IntN(4)], size: 200 + 83*n}
		m.text, m.subject = m.name, m.name
		var other *mail
		if n > 0 {
			other = &c.mails[r.IntN(n)]
		}
		switch k := r.IntN(12); {
		case k < 4 || other == nil:
			m.id = m.name
		case k < 6: // another message with the same id
			m.id, m.received = other.id, other.received
		case k < 8: // the same header, another content
			m.id, m.received, m.subject, m.age = other.id, other.received, other.subject, other.age
		case k < 10 && other.cut == 0: // an unfinished copy
			m = *other
			m.name, m.cut = string(rune('a'+n)), 30+r.IntN(other.size/2)
		case k == 10:
			m.received = m.name
		case m.id == "" && other.id != "": // an id that differs in its case only
			m.id = strings.ToUpper(other.id)
		}
		c.mails = append(c.mails, m)
	}
}

var (
	someFolders = []string{"INBOX", "INBOX", "INBOX", "Old", "Old", "Work", "work", "Sent"}
	someFlags   = []string{`\Seen`, `\Flagged`, `\Deleted`, `\Answered`, "$Label"}
)

func flagsFrom(r *rand.Rand) (out []string) {
	for _, f := range someFlags {
		if r.IntN(5) == 0 {
			out = append(out, f)
		}
	}
	return out
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (c *testCase) somePuts(r *rand.Rand) {
	add := func(side, n int) {
		for range n {
			c.puts = append(c.puts, put{side, pick(r, someFolders), pick(r, c.mails).name, flagsFrom(r)})
		}
	}
	add(1, 2+r.IntN(4))
	add(2, r.IntN(4))
	if r.IntN(3) == 0 {
		add(3, 1+r.IntN(3))
	}
}

// someOptions makes up one to four options, and the same without those that delete.
func someOptions(r *rand.Rand) (plain, full []string) {
	for {
		var groups []string
		for range r.IntN(3) {
			groups = append(groups, pick(r, selecting))
		}
		if r.IntN(2) == 0 {
			groups = append(groups, pick(r, mapping))
		}
		plain = strings.Fields(strings.Join(groups, " "))
		full = slices.Clone(plain)
		if r.IntN(6) > 0 || len(groups) == 0 {
			full = append(full, strings.Fields(pick(r, deleting))...)
		}
		if refusedOptions(full) == "" && refusedOptions(plain) == "" {
			return plain, full
		}
	}
}

// someMishap is what befalls journals and folders.
func (c *testCase) someMishap(r *rand.Rand) step {
	switch verb := []string{"forget", "keep", "older", "rebuild", "rebuild"}[r.IntN(5)]; verb {
	case "rebuild":
		return step{verb: verb, side: 1 + r.IntN(2), folder: pick(r, []string{"Old", "Work", "work", "Sent"})}
	default:
		return step{verb: verb}
	}
}

func (c *testCase) someChange(r *rand.Rand) step {
	s := step{verb: "deliver", side: 1 + r.IntN(2), folder: pick(r, someFolders), mail: pick(r, c.mails).name}
	if s.side == 1 && len(c.puts) > 0 && r.IntN(4) > 0 {
		// Something that is there, mostly.
		p := pick(r, c.puts)
		s.folder, s.mail = p.folder, p.mail
		s.side = min(p.side, 2)
	}
	switch r.IntN(5) {
	case 0:
		s.flags = flagsFrom(r)
	case 1:
		s.verb = "delete"
	case 2:
		s.verb, s.flags = "flag", []string{[]string{"", "-"}[r.IntN(2)] + pick(r, someFlags)}
	case 3:
		s.verb, s.to = "move", pick(r, someFolders)
	case 4:
		s.verb = "edit"
		old := c.mail(s.mail)
		edited := *old
		edited.name = fmt.Sprintf("%s%d", old.name, len(c.mails))
		edited.text, edited.cut, edited.size = edited.name, 0, old.size+29
		c.mails = append(c.mails, edited)
		s.to = edited.name
	}
	return s
}
