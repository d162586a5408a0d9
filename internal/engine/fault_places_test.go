package engine_test

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// places are the interesting bytes of a dialogue: around every line end, in every
// line, and around the beginning, the middle and the end of every literal. They
// are sorted by kind: by what is said there (a command, an untagged reply, a code of a
// tagged one), and by the part of it.
func places(d proxy.Direction, dialogue []byte) map[string][]int64 {
	out := make(map[string][]int64)
	around := func(kind string, n int) {
		for at := max(0, n-2); at <= min(n+2, len(dialogue)-1); at++ {
			out[kind] = append(out[kind], int64(at))
		}
	}
	said := "greeting"
	inside := false // of what a literal has cut in two
	for at := 0; at < len(dialogue); {
		i := bytes.Index(dialogue[at:], []byte("\r\n"))
		if i < 0 {
			break
		}
		line := dialogue[at : at+i+2]
		if !inside {
			said = subject(d, string(line))
		}
		around(said+", in it", at+i/2)
		at += len(line)
		around(said+", line end", at)
		head := line[max(0, len(line)-40):]
		m := literal.FindAllSubmatch(head, -1)
		inside = m != nil && bytes.HasSuffix(head, m[len(m)-1][0])
		if !inside {
			continue
		}
		n, _ := strconv.Atoi(string(m[len(m)-1][1]))
		if at+n > len(dialogue) {
			continue
		}
		around(said+", in a literal", at+n/2)
		at += n
		around(said+", end of a literal", at)
	}
	return out
}

var (
	afterTag   = regexp.MustCompile(`^\S+ ((?:UID )?[A-Za-z]+)`)
	afterStar  = regexp.MustCompile(`^\* (?:\d+ )?([A-Za-z]+)`)
	withStatus = regexp.MustCompile(`^\S+ ((?:OK|NO|BAD)(?: \[[A-Za-z]+)?)`)
)

// subject is what a line that begins a command or a reply is about.
func subject(d proxy.Direction, line string) string {
	for _, r := range map[proxy.Direction][]*regexp.Regexp{proxy.ToServer: {afterTag}, proxy.ToClient: {afterStar, withStatus}}[d] {
		if m := r.FindStringSubmatch(line); m != nil {
			return strings.ToUpper(m[1])
		}
	}
	return "+" // a continuation, or its answer
}

// stored is what is said while a message is stored: there every server is cut.
var stored = regexp.MustCompile(`^APPEND, |^OK \[APPENDUID, `)

// cuts chooses n places where to cut a dialogue: one at any byte at all, the others by
// kind. Half of these are of the kinds in which a message is stored; the rest is dealt
// over the labs of a test, in an order that depends on order alone: turn is the number
// of the lab, and each goes on where the one before it has ended.
func cuts(r *rand.Rand, order uint64, d proxy.Direction, dialogue []byte, turn, n int) []int64 {
	byKind := places(d, dialogue)
	if mailtest.FullChaos() {
		all := slices.Concat(slices.Collect(maps.Values(byKind))...)
		for range 150 {
			all = append(all, r.Int64N(int64(len(dialogue))))
		}
		slices.Sort(all)
		all = slices.Compact(all)
		if len(all) > 600 {
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			all = all[:600]
			slices.Sort(all)
		}
		return all
	}
	out := []int64{r.Int64N(int64(len(dialogue)))}
	var storing, others []string
	for _, kind := range inOrder(order, slices.Collect(maps.Keys(byKind))) {
		if stored.MatchString(kind) {
			storing = append(storing, kind)
		} else {
			others = append(others, kind)
		}
	}
	deal := func(kinds []string, n int) {
		for i := range min(n, len(kinds)) {
			at := byKind[kinds[(turn*n+i)%len(kinds)]]
			out = append(out, at[r.IntN(len(at))])
		}
	}
	ofStoring := 0
	if len(storing) > 0 {
		ofStoring = n / 2
	}
	deal(storing, ofStoring)
	deal(others, n-1-ofStoring)
	slices.Sort(out)
	return slices.Compact(out)
}

// inOrder sorts kinds by their hash with a number, so that those which two dialogues
// have in common follow one another in both alike.
func inOrder(order uint64, kinds []string) []string {
	rank := func(kind string) uint64 {
		h := fnv.New64a()
		_, _ = fmt.Fprint(h, order, kind)
		return h.Sum64()
	}
	slices.SortFunc(kinds, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return kinds
}

// The kinds of a dialogue are what is said in it.
func TestKindsOfPlaces(t *testing.T) {
	for _, tc := range []struct {
		direction proxy.Direction
		dialogue  string
		want      []string
	}{
		{proxy.ToServer, "a1 LOGIN a b\r\na2 APPEND x {5+}\r\nhello () {3+}\r\nyou\r\na3 UID FETCH 1 FLAGS\r\n", []string{
			"APPEND, end of a literal", "APPEND, in a literal", "APPEND, in it", "APPEND, line end", "LOGIN, in it", "LOGIN, line end", "UID FETCH, in it", "UID FETCH, line end",
		}},
		{proxy.ToClient, "* OK hi\r\n* 12 FETCH (BODY[] {5}\r\nhello)\r\n+ go ahead\r\na1 OK [APPENDUID 1 2] done\r\na2 NO no\r\n", []string{
			"+, in it", "+, line end", "FETCH, end of a literal", "FETCH, in a literal", "FETCH, in it", "FETCH, line end", "NO, in it", "NO, line end",
			"OK [APPENDUID, in it", "OK [APPENDUID, line end", "OK, in it", "OK, line end",
		}},
	} {
		if got := slices.Sorted(maps.Keys(places(tc.direction, []byte(tc.dialogue)))); !slices.Equal(got, tc.want) {
			t.Errorf("%q\nwant %q", got, tc.want)
		}
	}
}

// Labs whose dialogues have the same kinds try all of them together.
func TestAllKindsAreDealt(t *testing.T) {
	var dialogue []byte
	for i := range 20 {
		dialogue = fmt.Appendf(dialogue, "a%d %c\r\n", i, 'A'+i)
	}
	byKind := places(proxy.ToServer, dialogue)
	tried := make(map[string]bool)
	r := mailtest.Chance(t, 5)
	for turn := range 8 {
		for _, at := range cuts(r, 7, proxy.ToServer, dialogue, turn, 6) {
			for kind, all := range byKind {
				if slices.Contains(all, at) {
					tried[kind] = true
				}
			}
		}
	}
	if len(tried) != len(byKind) {
		t.Errorf("%d of %d kinds are tried", len(tried), len(byKind))
	}
}
