package perlexpr

import (
	"fmt"
	"sync"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
	"github.com/imaphaul/imaphaul/internal/perlexpr/perlre"
)

// patternSource is a pattern that may still need the values of variables.
type patternSource struct {
	tmpl  template
	flags perlre.Flags
	kind  Kind
	fixed *perlre.Pattern

	mu     sync.Mutex
	filled map[string]*perlre.Pattern
}

// maxFilled bounds the patterns kept for different values of variables.
const maxFilled = 256

func newPatternSource(t template, flags perlre.Flags, k Kind) (*patternSource, error) {
	ps := &patternSource{tmpl: t, flags: flags, kind: k}
	if text, ok := t.constant(); ok {
		p, err := compile(text, flags, k)
		ps.fixed = p
		return ps, err
	}
	// The values come later. A letter in their place shows the errors that do
	// not depend on them now.
	sample := Vars{}
	for _, n := range t.varsUsed() {
		sample[n] = "x"
	}
	_, err := compile(string(t.appendTo(nil, &fill{vars: sample})), flags, k)
	return ps, err
}

// get returns the pattern with its variables filled in.
func (ps *patternSource) get(v Vars) (*perlre.Pattern, error) {
	if ps.fixed != nil {
		return ps.fixed, nil
	}
	text := string(ps.tmpl.appendTo(nil, &fill{vars: v}))
	ps.mu.Lock()
	p, ok := ps.filled[text]
	ps.mu.Unlock()
	if ok {
		return p, nil
	}
	p, err := compile(text, ps.flags, ps.kind)
	if err != nil {
		return nil, err
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.filled == nil || len(ps.filled) >= maxFilled {
		ps.filled = map[string]*perlre.Pattern{}
	}
	ps.filled[text] = p
	return p, nil
}

// compile prepares a pattern whose variables have been filled in.
func compile(src string, flags perlre.Flags, k Kind) (*perlre.Pattern, error) {
	p, err := perlre.Compile(src, flags)
	if err == nil && p.Recursive() && k.onMessages() {
		return nil, fmt.Errorf("pattern %s recurses, which %s does not support: messages are too long for it", perllex.Show(src), k)
	}
	return p, err
}
