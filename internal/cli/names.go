package cli

import (
	"slices"
	"sort"
	"strings"
	"sync"
)

// name is one spelling of an option: its own name, an alias, or a negation.
type name struct {
	opt     *Option
	negated bool
}

// meaning identifies what a spelling stands for, so that several spellings of
// one thing are not called ambiguous.
func (n name) meaning() string {
	if n.negated {
		return "no" + n.opt.key()
	}
	return n.opt.key()
}

// dictionary holds every spelling of a set of options, in lower case.
type dictionary struct {
	sorted []string
	byName map[string]name
}

func newDictionary(opts []*Option) *dictionary {
	d := &dictionary{byName: make(map[string]name)}
	for _, o := range opts {
		for _, n := range append([]string{o.Name}, o.Aliases...) {
			n = strings.ToLower(n)
			d.byName[n] = name{opt: o}
			if o.Kind == Switch {
				d.byName["no"+n] = name{opt: o, negated: true}
				d.byName["no-"+n] = name{opt: o, negated: true}
			}
		}
	}
	for n := range d.byName {
		d.sorted = append(d.sorted, n)
	}
	slices.Sort(d.sorted)
	return d
}

// prefixed gives the spellings that begin with p, sorted.
func (d *dictionary) prefixed(p string) []string {
	i := sort.SearchStrings(d.sorted, p)
	j := i
	for j < len(d.sorted) && strings.HasPrefix(d.sorted[j], p) {
		j++
	}
	return d.sorted[i:j:j]
}

// complete finds the one spelling that p abbreviates. hits are all candidates;
// ok tells that they mean one thing, found is then the spelling to use.
func (d *dictionary) complete(p string) (found string, hits []string, ok bool) {
	hits = d.prefixed(p)
	if len(hits) == 0 {
		return "", nil, false
	}
	meaning := d.byName[hits[0]].meaning()
	if len(hits) == 1 {
		return hits[0], hits, true
	}
	for _, h := range hits[1:] {
		if d.byName[h].meaning() != meaning {
			return "", hits, false
		}
	}
	return meaning, hits, true
}

// vocabulary is imapsync's dictionary with ours behind it. An abbreviation is
// looked up in imapsync's names first, so that a name of ours can never make
// one ambiguous that imapsync accepts.
type vocabulary struct{ theirs, ours *dictionary }

// tableVocabulary is the vocabulary of Table, made once.
var tableVocabulary = sync.OnceValue(func() *vocabulary { return newVocabulary(Table) })

func newVocabulary(table []Option) *vocabulary {
	var theirs, ours []*Option
	for i := range table {
		if table[i].Own {
			ours = append(ours, &table[i])
		} else {
			theirs = append(theirs, &table[i])
		}
	}
	return &vocabulary{theirs: newDictionary(theirs), ours: newDictionary(ours)}
}

// exact finds a whole spelling.
func (v *vocabulary) exact(s string) (name, bool) {
	if n, ok := v.theirs.byName[s]; ok {
		return n, true
	}
	n, ok := v.ours.byName[s]
	return n, ok
}

// abbreviated finds what s abbreviates. When it is ambiguous, candidates lists
// all spellings it could mean; when nothing begins with s, candidates is empty.
func (v *vocabulary) abbreviated(s string) (spelling string, n name, candidates []string) {
	for _, d := range []*dictionary{v.theirs, v.ours} {
		found, hits, ok := d.complete(s)
		if ok {
			return found, d.byName[found], nil
		}
		if len(hits) > 0 {
			return "", name{}, hits
		}
	}
	return "", name{}, nil
}
