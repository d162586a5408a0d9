package verification

import (
	"cmp"
	"slices"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// How a pair was found.
type grade uint8

const (
	byBytes grade = iota // every byte is equal
	byForm               // body equal, header equal but for its form and habits
	byKey                // only what identifies it is equal
	byBody               // only the body and the date are equal
)

// pair is two messages that belong together, by their places in want and got.
type pair struct {
	s, d  int32
	grade grade
}

// pairing is the outcome for one folder of host2.
type pairing struct {
	pairs []pair
	// missing and extra are what is left over.
	missing, extra []int32
	// twins: the content of a missing message that another one of host1 stands for, and
	// of an extra one that host2 has twice, by the place of the other one.
	twinOf    map[int32]int32 // want -> want
	doubledBy map[int32]int32 // got -> got
}

// pairUp pairs messages, in a time that grows with their number. want and got are in
// the order of UIDs. once says that equal messages of host1 share one of host2.
func pairUp(want, got []record, once bool) *pairing {
	p := &pairing{twinOf: make(map[int32]int32), doubledBy: make(map[int32]int32)}
	left, free := all(len(want)), all(len(got))
	// What is wanted comes first, so that what the plan leaves out takes nothing away.
	slices.SortStableFunc(left, func(a, b int32) int {
		return cmp.Compare(min(want[a].skip, 1), min(want[b].skip, 1))
	})
	type exact struct {
		whole [32]byte
		date  int64
		flags int32
	}
	pass(p, byBytes, want, got, &left, &free, func(r *record) (exact, bool) { return exact{r.whole, r.date, r.flags}, true })
	pass(p, byBytes, want, got, &left, &free, func(r *record) (exact, bool) { return exact{r.whole, 0, r.flags}, true })
	pass(p, byBytes, want, got, &left, &free, func(r *record) (exact, bool) { return exact{r.whole, r.date, 0}, true })
	pass(p, byBytes, want, got, &left, &free, func(r *record) (exact, bool) { return exact{whole: r.whole}, true })
	type formed struct {
		body, form identity.Digest
		date       int64
	}
	pass(p, byForm, want, got, &left, &free, func(r *record) (formed, bool) { return formed{r.body, r.form, r.date}, true })
	pass(p, byForm, want, got, &left, &free, func(r *record) (formed, bool) { return formed{r.body, r.form, 0}, true })
	left = p.twins(want, left, once)
	type keyed struct {
		key  identity.Key
		body identity.Digest
	}
	pass(p, byKey, want, got, &left, &free, func(r *record) (keyed, bool) { return keyed{r.key, r.body}, r.keyed })
	pass(p, byKey, want, got, &left, &free, func(r *record) (keyed, bool) { return keyed{key: r.key}, r.keyed })
	type bodied struct {
		body identity.Digest
		date int64
	}
	pass(p, byBody, want, got, &left, &free, func(r *record) (bodied, bool) {
		return bodied{r.body, r.date}, r.body != identity.Digest{} && r.dated
	})
	slices.Sort(left)
	slices.Sort(free)
	p.missing = append(p.missing, left...)
	slices.Sort(p.missing)
	p.extra = free
	p.doubles(got)
	return p
}

func all(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// pass pairs what is left and has an equal key, in the order of both.
func pass[K comparable](p *pairing, g grade, want, got []record, left, free *[]int32, key func(*record) (K, bool)) {
	if len(*left) == 0 || len(*free) == 0 {
		return
	}
	// A chain of places for each key: no slice for each message.
	first := make(map[K]int32, len(*free))
	next := make(map[int32]int32)
	for _, d := range slices.Backward(*free) {
		k, ok := key(&got[d])
		if !ok {
			continue
		}
		if after, ok := first[k]; ok {
			next[d] = after
		}
		first[k] = d
	}
	taken := make(map[int32]bool)
	rest := (*left)[:0]
	for _, s := range *left {
		k, ok := key(&want[s])
		d, there := first[k]
		if !ok || !there {
			rest = append(rest, s)
			continue
		}
		if after, ok := next[d]; ok {
			first[k] = after
		} else {
			delete(first, k)
		}
		taken[d] = true
		p.pairs = append(p.pairs, pair{s, d, g})
	}
	*left = rest
	*free = slices.DeleteFunc(*free, func(d int32) bool { return taken[d] })
}

// twins takes messages out of what is left whose content another one of host1, which
// is on host2, stands for.
func (p *pairing) twins(want []record, left []int32, once bool) []int32 {
	if !once || len(left) == 0 {
		return left
	}
	type content struct{ body, form identity.Digest }
	wholes := make(map[[32]byte]int32, len(p.pairs))
	forms := make(map[content]int32, len(p.pairs))
	for _, pr := range p.pairs {
		r := &want[pr.s]
		wholes[r.whole] = pr.s
		if r.body != (identity.Digest{}) {
			forms[content{r.body, r.form}] = pr.s
		}
	}
	rest := left[:0]
	for _, s := range left {
		twin, ok := wholes[want[s].whole]
		if !ok {
			twin, ok = forms[content{want[s].body, want[s].form}]
		}
		if !ok {
			rest = append(rest, s)
			continue
		}
		p.twinOf[s] = twin
		p.missing = append(p.missing, s)
	}
	return rest
}

// doubles notes extra messages whose content host2 has in a pair.
func (p *pairing) doubles(got []record) {
	if len(p.extra) == 0 {
		return
	}
	wholes := make(map[[32]byte]int32, len(p.pairs))
	for _, pr := range p.pairs {
		wholes[got[pr.d].whole] = pr.d
	}
	for _, d := range p.extra {
		if twin, ok := wholes[got[d].whole]; ok {
			p.doubledBy[d] = twin
		}
	}
}
