package report

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/event"
)

// measured masks what differs between two runs of the same work.
var measured = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`\w+day \d\d \w+ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC`), "<date>"},
	{regexp.MustCompile(`<date>  \d+ s  `), "<date>  <n> s  "},
	{regexp.MustCompile(`[\d.]+ msgs/s  [\d.]+ [KMG]iB/s `), "<rate> "},
	{regexp.MustCompile(`PID( is)? \d+`), "PID$1 <n>"},
	{regexp.MustCompile(`(Time spent on sizing: ) *[\d.]+`), "${1}<n>"},
	{regexp.MustCompile(`^((Transfer time|Message rate|Average bandwidth|Memory|Load end|CPU time).*?: ).*`), "${1}<measured>"},
}

func mask(line string) string {
	for _, m := range measured {
		line = m.re.ReplaceAllString(line, m.to)
	}
	return line
}

// TestLinesOfImapsync replays as events what imapsync 2.229 did on two Dovecot
// servers, nine messages in five folders with --maxsize 8000, and compares with
// the lines it printed then: those that programs read. From the folder loop on
// they must be the same to the byte and in the same order; before it the order
// between the two hosts may differ.
func TestLinesOfImapsync(t *testing.T) {
	golden, err := os.ReadFile("testdata/imapsync-2.229.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := startOfRun()
	o := testOptions(c)
	o.Host1 = Account{Host: "192.0.2.1", Port: 143, User: "ann"}
	o.Host2 = o.Host1
	p := &Preamble{ResyncFlags: true, SyncInternalDates: true, Sides: [2]Connection{
		{Timeout: 2 * time.Minute, KeepAlive: true}, {Timeout: 2 * time.Minute, KeepAlive: true}}}
	got := runScript(t, o, c, p, imapsyncRun())

	const loop = "++++ Looping"
	wantBefore, wantLoop, _ := strings.Cut(string(golden), loop)
	gotBefore, gotLoop, _ := strings.Cut(got, loop)

	have := map[string]bool{}
	for line := range strings.Lines(gotBefore) {
		have[mask(strings.TrimSuffix(line, "\n"))] = true
	}
	for line := range strings.Lines(wantBefore) {
		if line = strings.TrimSuffix(line, "\n"); !have[line] {
			t.Errorf("missing line: %q", line)
		}
	}

	var lines []string
	ours := false // between the statistics and the exit line stands what imapsync does not say
	for line := range strings.Lines(gotLoop) {
		line = mask(strings.TrimSuffix(line, "\n"))
		ours = ours || strings.HasPrefix(line, "Homepage")
		if strings.HasPrefix(line, "Exiting with") {
			lines = append(lines, line)
			break
		}
		if !ours {
			lines = append(lines, line)
		}
	}
	want := strings.Split(strings.TrimSuffix(wantLoop, "\n"), "\n")
	// Its first ETA comes before anything is known that one could be made from.
	if first := slices.IndexFunc(want, func(l string) bool { return strings.HasPrefix(l, "ETA:") }); first >= 0 {
		want = slices.Delete(want, first, first+1)
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("the lines differ (-imapsync +here):\n%s", d)
	}
}

// imapsyncRun is that run as events.
func imapsyncRun() []any {
	type pair struct {
		from, to event.Folder
		s1, s2   event.Size
	}
	in := f("INBOX")
	pairs := []pair{
		{cyrillic, cyrillic2, event.Size{Messages: 1, Bytes: 433, Biggest: 433}, event.Size{Messages: 1, Bytes: 433, Biggest: 433}},
		{f("Archive"), f("INBOX.Archive"), event.Size{Messages: 1, Bytes: 433, Biggest: 433}, event.Size{Messages: 1, Bytes: 433, Biggest: 433}},
		{f("Archive/2019"), f("INBOX.Archive.2019"), event.Size{Messages: 1, Bytes: 2133, Biggest: 2133}, event.Size{Messages: 1, Bytes: 2133, Biggest: 2133}},
		{f("Empty"), f("INBOX.Empty"), event.Size{}, event.Size{}},
		{in, in, event.Size{Messages: 6, Bytes: 10900, Biggest: 9131}, event.Size{Messages: 3, Bytes: 1293, Biggest: 431}},
	}
	var script []any
	emit := func(evs ...any) { script = append(script, evs...) }
	for side := event.Side(1); side <= 2; side++ {
		emit(event.Connecting{Side: side, Host: "192.0.2.1", Port: 143, User: "ann", Login: true},
			event.Connected{Side: side, RemoteIP: "192.0.2.1", LocalIP: "192.0.2.1", Banner: "* OK ready.", Capabilities: "IMAP4rev1"},
			event.Authenticating{Side: side, Host: "192.0.2.1", Mech: "LOGIN", Advertised: true},
			event.LoggedIn{Side: side, Host: "192.0.2.1", User: "ann", Mech: "LOGIN", Capabilities: "IMAP4rev1"},
			event.Compression{Side: side})
	}
	var all []event.Folder
	for _, p := range pairs {
		all = append(all, p.from)
	}
	emit(event.FoldersListed{Side: 1, Selectable: 5, Folders: all},
		event.FoldersListed{Side: 2, Selectable: 1, Folders: []event.Folder{in}},
		event.Separator{Side: 1, GuessSep: "/", NamespaceSep: "/", FromNamespace: true, Sep: "/"},
		event.Separator{Side: 2, GuessSep: "/", NamespaceSep: ".", NamespacePfx: "INBOX.", FromNamespace: true, Sep: ".", Prefix: "INBOX."},
		event.Mapped{})
	sizes := func(after bool) {
		total := event.SizesTotal{After: after, Folders1: 5, Folders2: 5, Known1: true, Known2: true}
		add := func(sum *event.Size, s event.Size) {
			sum.Messages += s.Messages
			sum.Bytes += s.Bytes
			sum.Biggest = max(sum.Biggest, s.Biggest)
		}
		for i, p := range pairs {
			s2 := p.s2
			if !after {
				s2 = event.Size{}
			}
			emit(event.SizesRow{After: after, Index: i + 1, Of: 5, From: p.from, To: p.to,
				Exists1: true, Exists2: after || p.to == in, Size1: p.s1, Size2: s2})
			add(&total.Total1, p.s1)
			add(&total.Total2, s2)
		}
		emit(total)
	}
	sizes(false)
	emit(event.LoopStart{Folders: 5})
	for i, p := range pairs {
		emit(event.FolderStart{Index: i + 1, Of: 5, From: p.from, To: p.to},
			event.FolderSelected{Side: 1, Folder: p.from, Messages: p.s1.Messages})
		if p.from != in {
			emit(event.FolderCreated{Folder: p.to, From: p.from})
		}
		emit(event.FolderSelected{Side: 2, Folder: p.to})
		if p.from != in {
			emit(event.FolderSubscribed{Folder: p.to})
		}
		emit(event.FolderListing{Side: 1, Folder: p.from, Messages: p.s1.Messages},
			event.FolderListing{Side: 2, Folder: p.to})
		listed := event.FolderListed{Side: 1, Folder: p.from, Selected: p.s1.Messages}
		if p.from == in {
			listed.Duplicates, listed.NoHeader = 1, 1
			emit(event.MessageSkipped{Side: 1, Folder: in, UID: 5, Bytes: 45, Reason: event.SkipNoHeader},
				event.MessageSkipped{Side: 1, Folder: in, UID: 4, Bytes: 431, Reason: event.SkipDuplicate})
		}
		emit(listed, event.FolderListed{Side: 2, Folder: p.to}, wait(20*time.Millisecond))
		done := event.FolderDone{From: p.from, To: p.to, Identified1: p.s2.Messages, Identified2: p.s2.Messages}
		for uid := int64(1); uid <= p.s2.Messages; uid++ {
			emit(event.MessageCopied{From: p.from, UID: uint32(uid), Bytes: p.s2.Biggest, To: p.to, NewUID: uint32(uid)})
		}
		if p.from == in {
			emit(event.MessageSkipped{Side: 1, Folder: in, UID: 6, Bytes: 9131, Reason: event.SkipTooBig,
				Detail: "(9131 exceeds maxsize limit 8000 bytes)"})
			done.Identified1++
			done.OnlyOn1++
		}
		emit(done)
	}
	emit(event.LoopEnd{})
	sizes(true)
	emit(event.Finished{Mode: "sync"})
	return script
}
