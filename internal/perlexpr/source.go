package perlexpr

import "sync"

// patternSource is a pattern that may still need the values of variables.
type patternSource struct {
	tmpl  template
	flags regexFlags
	kind  Kind
	fixed *pattern

	mu     sync.Mutex
	filled map[string]*pattern
}

// maxFilled bounds the patterns kept for different values of variables.
const maxFilled = 256

func newPatternSource(t template, flags regexFlags, k Kind) (*patternSource, error) {
	ps := &patternSource{tmpl: t, flags: flags, kind: k}
	if text, ok := t.constant(); ok {
		p, err := compilePattern(text, flags, k)
		ps.fixed = p
		return ps, err
	}
	// The values come later. A letter in their place shows the errors that do
	// not depend on them now.
	sample := Vars{}
	for _, n := range t.varsUsed() {
		sample[n] = "x"
	}
	_, err := compilePattern(string(t.appendTo(nil, &fill{vars: sample})), flags, k)
	return ps, err
}

// get returns the pattern with its variables filled in.
func (ps *patternSource) get(v Vars) (*pattern, error) {
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
	p, err := compilePattern(text, ps.flags, ps.kind)
	if err != nil {
		return nil, err
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.filled == nil || len(ps.filled) >= maxFilled {
		ps.filled = map[string]*pattern{}
	}
	ps.filled[text] = p
	return p, nil
}
