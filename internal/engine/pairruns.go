package engine

import "github.com/emersion/go-imap/v2"

// pairRuns are pairs of UIDs, host1's and host2's, as runs in which both count up by
// one: most of a folder is one run. They are kept of every folder until the end of
// the run, so they are small.
type pairRuns struct {
	runs []pairRun
	// lowest and highest are the range of host2's UIDs, n is how many there are.
	n               int
	lowest, highest imap.UID
}

type pairRun struct {
	uid1, uid2 imap.UID
	n          uint32
}

// add notes a pair.
func (p *pairRuns) add(uid1, uid2 imap.UID) {
	if p.n++; p.n == 1 || uid2 < p.lowest {
		p.lowest = uid2
	}
	p.highest = max(p.highest, uid2)
	if n := len(p.runs); n > 0 {
		if last := &p.runs[n-1]; last.uid1+imap.UID(last.n) == uid1 && last.uid2+imap.UID(last.n) == uid2 {
			last.n++
			return
		}
	}
	p.runs = append(p.runs, pairRun{uid1, uid2, 1})
}

// each tells all pairs.
func (p *pairRuns) each(tell func(uid1, uid2 imap.UID)) {
	for _, r := range p.runs {
		for i := range imap.UID(r.n) {
			tell(r.uid1+i, r.uid2+i)
		}
	}
}
