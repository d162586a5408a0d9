package verification

import (
	"slices"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
)

// record is what is kept of a message of the folder in work.
type record struct {
	content
	uid   imap.UID
	flags int32 // of flagTable; of host1: those that are expected on host2
	from  int32 // the folder of host1, by its place in the group
	date  int64
	dated bool
	deep  bool // its whole content was read beside the first look
	// skip is why it is not to be on host2, skipNone if it is.
	skip skip
}

// skip is why the plan leaves a message of host1 out.
type skip uint8

const (
	skipNone skip = iota
	skipOutside
	skipMaxSize
	skipMinSize
	skipLimit
	skipRule
	skipReport
)

func (s skip) reason() string {
	switch s {
	case skipOutside:
		return "not chosen by --search, --minage, --maxage or the like"
	case skipMaxSize:
		return "skipped by --maxsize"
	case skipMinSize:
		return "skipped by --minsize"
	case skipLimit:
		return "larger than host2 takes (APPENDLIMIT)"
	case skipRule:
		return "left out by --skipmess or a limit of line lengths"
	case skipReport:
		return "a report of this program (--emailreport1)"
	}
	return ""
}

// flagTable numbers sets of flags. Numbers are equal where sets are, without case and
// without \Recent.
type flagTable struct {
	mu     sync.Mutex
	byText map[string]int32
	sets   [][]string // sorted, in lower case
	names  [][]imap.Flag
	known  map[string]int32 // by the flags as sent
}

func newFlagTable() *flagTable {
	return &flagTable{byText: make(map[string]int32), known: make(map[string]int32)}
}

// maxKnown bounds the memory of known; more only make it slower.
const maxKnown = 10_000

func (t *flagTable) number(flags []imap.Flag) int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sent strings.Builder
	for _, f := range flags {
		sent.WriteString(string(f))
		sent.WriteByte(' ')
	}
	if n, ok := t.known[sent.String()]; ok {
		return n
	}
	set := make([]string, 0, len(flags))
	for _, f := range flags {
		if name := strings.ToLower(string(f)); name != `\recent` {
			set = append(set, name)
		}
	}
	slices.Sort(set)
	set = slices.Compact(set)
	text := strings.Join(set, " ")
	n, ok := t.byText[text]
	if !ok {
		n = int32(len(t.sets))
		t.byText[text] = n
		t.sets = append(t.sets, set)
		t.names = append(t.names, slices.Clone(flags))
	}
	if len(t.known) < maxKnown {
		t.known[sent.String()] = n
	}
	return n
}

func (t *flagTable) text(n int32) string { return strings.Join(t.sets[n], " ") }
