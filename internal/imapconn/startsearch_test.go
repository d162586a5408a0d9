package imapconn

import (
	"testing"
)

// Several searches may be under way: each takes what has its tag, in whatever order, and
// what is not the whole answer to it is told as none.
func TestSearchesUnderWay(t *testing.T) {
	for _, tc := range []struct {
		answer string // to T1 and T2
		want   [2]string
	}{
		{"* ESEARCH (TAG \"T1\") UID ALL 1:3\nT1 OK\n* ESEARCH (TAG \"T2\") UID ALL 5,9\nT2 OK\n", [2]string{"1:3", "5,9"}},
		{"* ESEARCH (TAG \"T2\") UID ALL 5,9\n* ESEARCH (TAG \"T1\") UID ALL 1:3\nT2 OK\nT1 OK\n", [2]string{"1:3", "5,9"}},
		{"* ESEARCH (TAG \"t1\") UID\nT1 OK\n* ESEARCH (TAG \"T2\") UID COUNT 0\nT2 OK\n", [2]string{"none", "none"}},
		{"* ESEARCH UID ALL 1:3\nT1 OK\n* SEARCH 5 9\nT2 OK\n", [2]string{"", ""}},
		{"* ESEARCH (TAG \"T1\") ALL 1:3\nT1 OK\nT2 OK\n", [2]string{"", ""}},
		{"* ESEARCH (TAG \"T1\") UID COUNT 3\nT1 OK\n* ESEARCH (TAG \"T2\") UID ALL x\nT2 OK\n", [2]string{"", ""}},
		{"* ESEARCH (TAG \"T1\") UID ALL 1:2\n* ESEARCH (TAG \"T1\") UID ALL 3\nT1 OK\nT2 OK\n", [2]string{"", ""}},
		{"* ESEARCH (TAG \"T1\") UID ALL 1:3\nT1 NO [SERVERBUG] no\n* ESEARCH (TAG \"T2\") UID ALL 7\nT2 OK\n", [2]string{"refused", "7"}},
	} {
		c := connect(t, "ESEARCH", func(p *peer) {
			p.line()
			p.line()
			p.say(tc.answer)
		})
		var pending [2]*Pending[SearchData]
		for i, criteria := range []string{"ALL", `SEEN`} {
			var err error
			if pending[i], err = c.StartUIDSearch(t.Context(), criteria); err != nil {
				t.Fatal(err)
			}
		}
		for i, p := range pending {
			d, err := p.Wait(t.Context())
			got := d.All.String()
			switch {
			case err != nil:
				got = "refused"
			case d.Untold:
				got = ""
			case len(d.All) == 0:
				got = "none"
			}
			if got != tc.want[i] {
				t.Errorf("%q: search %d found %q, want %q", tc.answer, i+1, got, tc.want[i])
			}
		}
	}
}
