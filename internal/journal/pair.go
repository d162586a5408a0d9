package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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
	var b []byte
	for _, s := range []string{n.Host1, n.User1, n.Host2, n.User2} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.AppendVarint(b, int64(n.Port1))
	return binary.AppendVarint(b, int64(n.Port2))
}

// fileName is a digest: a user name may hold separators, "..", or more bytes
// than a file name can.
func (p Pair) fileName() string {
	sum := sha256.Sum256(p.encode())
	return hex.EncodeToString(sum[:16]) + ".journal"
}
