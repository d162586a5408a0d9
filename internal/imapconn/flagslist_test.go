package imapconn

import (
	"testing"

	"github.com/emersion/go-imap/v2"
)

// Flags that are no list are unknown. Only an empty list says that there are none: else
// those on host2 would be taken away.
func TestFlagsThatAreNoList(t *testing.T) {
	for _, tc := range []struct {
		item string
		has  bool
		n    int
	}{
		{"FLAGS ()", true, 0},
		{"FLAGS (NIL)", true, 0},
		{"FLAGS(\\Seen)", true, 1},
		{"FLAGS  (\\Seen x)", true, 2},
		{"FLAGS NIL", false, 0},
		{"FLAGS \\Seen", false, 0},
		{"FLAGS \"\\\\Seen\"", false, 0},
		{"FLAGS", false, 0},
		{"FLAGS 0", false, 0},
	} {
		c := connect(t, "", func(p *peer) {
			p.line()
			p.say("* 1 FETCH (UID 1 " + tc.item + ")\nT1 OK done\n")
		})
		f := c.Fetch(FetchItems{Flags: true})
		if err := f.Ask(t.Context(), imap.UIDSetNum(1)); err != nil {
			t.Fatal(err)
		}
		m, err := f.Next(t.Context())
		if err != nil || m == nil {
			t.Errorf("%s: %v, %v", tc.item, m, err)
			continue
		}
		if m.HasFlags != tc.has || len(m.Flags) != tc.n {
			t.Errorf("%s: known %v, flags %v", tc.item, m.HasFlags, m.Flags)
		}
	}
}
