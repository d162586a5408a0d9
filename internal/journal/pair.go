package journal

import (
	"encoding/binary"
	"strings"
)

// Pair is the identity of a migration: two accounts. Folder names, options and
// paths are no part of it.
type Pair struct {
	Host1, User1 string
	Host2, User2 string
	// Port1 and Port2 tell apart servers on one host. The registered ports 143
	// and 993, and 0, lead to the same server and count as equal.
	Port1, Port2 int
	// Way names the way in which messages are identified where it is not the usual
	// one: keys made in different ways cannot be compared, so each has a journal of
	// its own. "" or up to 64 lower-case hexadecimal digits.
	Way string
}

// normal brings the pair to the one form that is stored and compared: host names
// ignore case and a final dot, user names do not.
func (p Pair) normal() Pair {
	p.Host1, p.Host2 = normalHost(p.Host1), normalHost(p.Host2)
	p.Port1, p.Port2 = normalPort(p.Port1), normalPort(p.Port2)
	return p
}

func normalHost(h string) string { return strings.ToLower(strings.TrimSuffix(h, ".")) }

func normalPort(p int) int {
	if p == 143 || p == 993 {
		return 0
	}
	return p
}

// encode writes the pair with every part's length before it, so that no two
// pairs have one encoding.
func (p Pair) encode() []byte {
	n := p.normal()
	if n.Way != "" {
		n.User2 += wayBefore + n.Way + wayAfter
	}
	var b []byte
	for _, s := range []string{n.Host1, n.User1, n.Host2, n.User2} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.AppendVarint(b, int64(n.Port1))
	return binary.AppendVarint(b, int64(n.Port2))
}

// What stands around Pair.Way in the encoding, behind the user name.
const wayBefore, wayAfter = " (identity ", ")"

// decodePair reads what encode wrote.
func decodePair(b []byte) (Pair, error) {
	r := reader{b: b}
	p := Pair{Host1: r.text(), User1: r.text(), Host2: r.text(), User2: r.text()}
	one, two := r.varint(), r.varint()
	if err := r.end(); err != nil {
		return Pair{}, err
	}
	p.Port1, p.Port2 = int(one), int(two)
	if at := strings.LastIndex(p.User2, wayBefore); at >= 0 {
		way, ok := strings.CutSuffix(p.User2[at+len(wayBefore):], wayAfter)
		if ok && way != "" && len(way) <= 64 && strings.Trim(way, "0123456789abcdef") == "" {
			p.User2, p.Way = p.User2[:at], way
		}
	}
	return p, nil
}

// SameHost1 reports whether both pairs have the same account on host1.
func (p Pair) SameHost1(q Pair) bool {
	p, q = p.normal(), q.normal()
	return p.Host1 == q.Host1 && p.User1 == q.User1 && p.Port1 == q.Port1
}

// SameHost2 reports whether both pairs have the same account on host2.
func (p Pair) SameHost2(q Pair) bool {
	p, q = p.normal(), q.normal()
	return p.Host2 == q.Host2 && p.User2 == q.User2 && p.Port2 == q.Port2
}

// aliasHost2 reports whether the accounts on host2 differ in the host's name only.
func (p Pair) aliasHost2(q Pair) bool {
	q.Host2 = p.Host2
	return p.SameHost2(q)
}
