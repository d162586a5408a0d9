package perlre

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

// ErrTimeLimit is wrapped by the errors of expressions that took too long,
// which is nearly always catastrophic backtracking.
var ErrTimeLimit = errors.New("time limit reached")

// Search is the matching of one pattern against one subject.
type Search struct {
	p        *Pattern
	subject  string
	runes    []rune // the subject, one rune a byte; nil until an engine asks
	pooled   *[]rune
	limit    time.Duration
	deadline time.Time
	runs     int
	plain    *regexp2.Regexp
	nonEmpty *regexp2.Regexp
}

// Search begins to match a subject. One evaluation of it takes no longer than limit;
// then Find returns ErrTimeLimit. Close ends it.
func (p *Pattern) Search(subject string, limit time.Duration) *Search {
	return &Search{p: p, subject: subject, limit: limit}
}

// Subject is the text that is searched.
func (s *Search) Subject() string { return s.subject }

// Pattern is the pattern it is searched for.
func (s *Search) Pattern() *Pattern { return s.p }

// Close gives back the buffer of the search.
func (s *Search) Close() {
	if s.pooled != nil {
		*s.pooled = s.runes[:0]
		runeBuffers.Put(s.pooled)
		s.pooled, s.runes = nil, nil
	}
}

// runeBuffers holds subjects widened to runes, the unit of the engine.
var runeBuffers = sync.Pool{New: func() any { return new([]rune) }}

func (s *Search) widen() []rune {
	if s.pooled == nil {
		s.pooled = runeBuffers.Get().(*[]rune)
		buf := *s.pooled
		if cap(buf) < len(s.subject) {
			buf = make([]rune, len(s.subject))
		}
		buf = buf[:len(s.subject)]
		for i := 0; i < len(s.subject); i++ {
			buf[i] = rune(s.subject[i])
		}
		s.runes = buf
	}
	return s.runes
}

// Found is one match: the part of the subject from start to end, and the
// groups, which are read from the engine only when asked for.
type Found struct {
	Start, End int
	match      *regexp2.Match
	whole      int // a group that holds the whole match, where there is no engine
}

// Group returns the bounds of group n, ok only if it took part in the match.
func (f *Found) Group(n int) (start, end int, ok bool) {
	if n == 0 || n == f.whole {
		return f.Start, f.End, true
	}
	if f.match == nil {
		return 0, 0, false
	}
	g := f.match.GroupByNumber(n)
	if g == nil || len(g.Captures) == 0 {
		return 0, 0, false
	}
	return g.RuneIndex, g.RuneIndex + g.RuneLength, true
}

// Find returns the leftmost match at or behind from. With notEmptyHere, a
// match that ends at from does not count; the engine then tries the other ways
// the pattern can match there, as Perl does after an empty match under g.
func (s *Search) Find(from int, notEmptyHere bool) (Found, bool, error) {
	p := s.p
	switch {
	case p.isLiteral && p.literal != "":
		i := strings.Index(s.subject[from:], p.literal)
		return Found{Start: from + i, End: from + i + len(p.literal)}, i >= 0, nil
	case p.run != nil:
		f, ok := s.findRun(from)
		return f, ok, nil
	}
	if s.runs == 0 && !containsRun(s.subject, p.need, p.needFold) {
		return Found{}, false, nil
	}
	re, err := s.engine(notEmptyHere)
	if err != nil {
		return Found{}, false, err
	}
	if s.runs%64 == 63 && time.Now().After(s.deadline) {
		return Found{}, false, ErrTimeLimit
	}
	s.runs++
	m, err := runEngine(re, s.widen(), from)
	if err != nil {
		return Found{}, false, err
	}
	if m == nil {
		return Found{}, false, nil
	}
	f := Found{Start: m.RuneIndex, End: m.RuneIndex + m.RuneLength, match: m}
	if p.keeps {
		if at, _, ok := f.Group(p.syntax.keepGroup()); ok {
			f.Start = at
		}
	}
	return f, true, nil
}

// engine returns the engine under the time limit of this search. A Regexp may
// be copied; the copies share their compiled program and their pools.
func (s *Search) engine(notEmptyHere bool) (*regexp2.Regexp, error) {
	slot := &s.plain
	if notEmptyHere {
		slot = &s.nonEmpty
	}
	if *slot == nil {
		shared, err := s.p.engine(engineKey{notEmptyHere: notEmptyHere, levels: s.p.levels(len(s.subject))})
		if err != nil {
			return nil, err
		}
		if s.deadline.IsZero() {
			s.deadline = time.Now().Add(s.limit)
		}
		limited := *shared
		limited.MatchTimeout = s.limit
		*slot = &limited
	}
	return *slot, nil
}

// runEngine shields the caller from the engine as compileEngine does. The
// engine's only error is its time-out, whose text would repeat the subject.
func runEngine(re *regexp2.Regexp, text []rune, from int) (m *regexp2.Match, err error) {
	defer func() {
		if r := recover(); r != nil {
			m, err = nil, fmt.Errorf("the engine failed (%v): write the pattern in a simpler way", r)
		}
	}()
	if m, err = re.FindRunesMatchStartingAt(text, from); err != nil {
		err = ErrTimeLimit
	}
	return m, err
}

// findRun finds the first run of bytes long enough for a pattern like .{998}
// or [ ]+, in one pass. The engine would count anew from every byte.
func (s *Search) findRun(from int) (Found, bool) {
	r := s.p.run
	set := &r.kids[0].set
	for start := from; start < len(s.subject); start++ {
		end := start
		for end < len(s.subject) && end-start < r.max && set.has(s.subject[end]) {
			end++
		}
		if end-start >= r.min {
			return Found{Start: start, End: end, whole: s.p.runGroup}, true
		}
		start = end
	}
	return Found{}, false
}

// containsRun reports whether run occurs in s, ASCII case ignored under fold.
func containsRun(s, run string, fold bool) bool {
	if !fold {
		return strings.Contains(s, run)
	}
	if run == "" {
		return true
	}
	first := perllex.ASCIILower(run[0])
	for i := 0; i+len(run) <= len(s); i++ {
		if perllex.ASCIILower(s[i]) == first && equalFoldASCII(s[i:i+len(run)], run) {
			return true
		}
	}
	return false
}

func equalFoldASCII(a, b string) bool {
	for i := 0; i < len(a); i++ {
		if perllex.ASCIILower(a[i]) != perllex.ASCIILower(b[i]) {
			return false
		}
	}
	return true
}
