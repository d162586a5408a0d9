package session

import "time"

// traffic is where bytes are counted: what names the journal, and the hour since 1970.
type traffic struct {
	journal string
	hour    int64
}

// Moved notes that a run with a journal moved n bytes. Runs of other journals learn of it
// by MovedBeside.
func (g *Governor) Moved(journal string, at time.Time, n int64) {
	if n <= 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.moved == nil {
		g.moved = make(map[traffic]int64)
	}
	t := traffic{journal, at.Unix() / 3600}
	if _, ok := g.moved[t]; !ok { // a new hour: what a day's limit does not look at any more goes
		for old := range g.moved {
			if old.hour < t.hour-48 {
				delete(g.moved, old)
			}
		}
	}
	g.moved[t] += n
}

// MovedBeside is what runs with other journals moved for the account in the hours from
// the one of from up to, and without, the one of to.
func (g *Governor) MovedBeside(journal string, from, to time.Time) (sum int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	first, end := from.Unix()/3600, to.Unix()/3600
	for t, n := range g.moved {
		if t.journal != journal && t.hour >= first && t.hour < end {
			sum += n
		}
	}
	return sum
}
