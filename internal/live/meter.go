package live

import "time"

// A meter tells how fast something moves: over the last ten seconds, and since it
// began.
type meter struct {
	samples [samples]sample // a ring
	n       int             // samples taken in all
}

// sample is how far things were at a moment.
type sample struct {
	at    time.Time
	a, b  int64
	moved bool // since the sample before
}

const (
	samples = 24
	// span is how far back the present rate looks, between two samples the least.
	span     = 10 * time.Second
	between  = 400 * time.Millisecond
	quickest = time.Second
)

// add notes how far things are.
func (m *meter) add(at time.Time, a, b int64) {
	if m.n > 0 {
		last := m.at(m.n - 1)
		if at.Sub(last.at) < between {
			return
		}
		m.samples[m.n%samples] = sample{at, a, b, a != last.a}
	} else {
		m.samples[0] = sample{at, a, b, false}
	}
	m.n++
}

func (m *meter) at(i int) sample { return m.samples[i%samples] }

// rate is what moved a second lately, of both numbers; 0 while that is not known.
func (m *meter) rate() (a, b float64) {
	if m.n < 2 {
		return 0, 0
	}
	last := m.at(m.n - 1)
	first := last
	for i := m.n - 2; i >= max(0, m.n-samples); i-- {
		s := m.at(i)
		if last.at.Sub(s.at) > span {
			break
		}
		first = s
	}
	d := last.at.Sub(first.at)
	if d < quickest {
		return 0, 0
	}
	return float64(last.a-first.a) / d.Seconds(), float64(last.b-first.b) / d.Seconds()
}

// moves reports whether the last sample differed from the one before.
func (m *meter) moves() bool { return m.n > 1 && m.at(m.n-1).moved }
