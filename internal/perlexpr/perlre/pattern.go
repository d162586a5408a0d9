// Package perlre compiles Perl's patterns (perlre) over byte strings and finds
// their matches. What it takes and refuses is in the documentation of package
// perlexpr, which knows the operators around patterns.
//
// A pattern is parsed into a tree of nodes (parse, atom, bracket, group,
// reference), looked at for ways to do without the engine (node), and written out
// for github.com/dlclark/regexp2, one rune for one byte (emit).
package perlre

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"

	"github.com/dlclark/regexp2/v2"
	enginesyntax "github.com/dlclark/regexp2/v2/syntax"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

// Pattern is a compiled pattern. It is safe for concurrent use.
type Pattern struct {
	syntax *syntax

	// Fast ways, for patterns that need no engine.
	literal   string // the whole pattern is this text
	isLiteral bool
	run       *node // the whole pattern is a greedy repetition of a byte set
	runGroup  int   // the group around run, or 0

	need     string // every match contains this run,
	needFold bool   // in any case

	keeps      bool // \K
	recursive  bool
	canBeEmpty bool

	engines sync.Map // engineKey -> *regexp2.Regexp
}

type engineKey struct {
	notEmptyHere bool
	levels       int
}

// Compile prepares a pattern whose variables have been filled in. Errors say what
// is wrong and where.
func Compile(src string, flags Flags) (*Pattern, error) {
	s, err := parsePattern(src, flags)
	if err != nil {
		return nil, err
	}
	p := &Pattern{syntax: s, keeps: s.root.uses(opKeep), recursive: s.root.uses(opRecurse)}
	least, _ := s.root.lengths()
	p.canBeEmpty = least == 0 || p.keeps
	p.literal, p.isLiteral = s.root.literal()
	p.run, p.runGroup = s.root.setRun()
	if !p.recursive {
		p.need, p.needFold = s.root.required()
	}
	// The engine's own check, now rather than in the middle of a run.
	if _, err := p.engine(engineKey{levels: p.levels(1)}); err != nil {
		return nil, fmt.Errorf("pattern %s: %w", perllex.Show(src), err)
	}
	return p, nil
}

// levels returns how deep recursion is written out for a subject of n bytes,
// rounded up so that few variants are ever compiled.
func (p *Pattern) levels(n int) int {
	if !p.recursive {
		return 0
	}
	return 1 << bits.Len(uint(n))
}

func (p *Pattern) engine(key engineKey) (*regexp2.Regexp, error) {
	if re, ok := p.engines.Load(key); ok {
		return re.(*regexp2.Regexp), nil
	}
	text, err := emit(p.syntax, key.levels, key.notEmptyHere)
	if errors.Is(err, errTooLarge) {
		return nil, fmt.Errorf("it recurses too widely for a text this long: write the repetition out, as in (?:a(?:a|b)*b)*")
	}
	if err != nil {
		return nil, err
	}
	re, err := compileEngine(text)
	if err != nil {
		return nil, err
	}
	p.engines.Store(key, re)
	return re, nil
}

// compileEngine shields the caller from the engine: its errors repeat the
// whole translated pattern, and a panic in it must not end a migration.
func compileEngine(text string) (re *regexp2.Regexp, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the engine cannot compile it (%v): write it in a simpler way", r)
		}
	}()
	re, err = regexp2.Compile(text)
	var refused *enginesyntax.Error
	if errors.As(err, &refused) {
		err = fmt.Errorf("the engine refuses it (%s): write it in a simpler way", refused.Code)
	}
	return re, err
}
