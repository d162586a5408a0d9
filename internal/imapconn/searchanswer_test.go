package imapconn

import (
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// What answers another question is not the answer that nothing was found: the question
// is asked once more, in the plain form.
func TestSearchAnsweredByAnother(t *testing.T) {
	for _, tc := range []struct {
		first, second string
		want          []imap.UID
		bad           bool
	}{
		{"* ESEARCH (TAG \"T99\") UID ALL 1:4", "* SEARCH 2 7", []imap.UID{2, 7}, false},
		{"* ESEARCH (TAG \"T99\") UID", "* SEARCH 3", []imap.UID{3}, false},
		{"* ESEARCH ALL 1:4", "* SEARCH 9", []imap.UID{9}, false},
		{"* 3 EXISTS", "* SEARCH 5", []imap.UID{5}, false},
		{"* 3 EXISTS", "* 3 EXISTS", nil, false},
		{"* ESEARCH (TAG \"T1\") UID COUNT 5", "* SEARCH 3 4", []imap.UID{3, 4}, false},
		{"* ESEARCH (TAG \"T1\") UID MIN 2 MAX 9", "* SEARCH 2 9", []imap.UID{2, 9}, false},
		{"* ESEARCH (TAG \"T1\") UID COUNT 0", "", nil, false},
		{"* ESEARCH (TAG \"T1\") UID", "", nil, false},
		{"* ESEARCH (TAG \"T1\") UID COUNT 4294967295", "* ESEARCH (TAG \"T2\") UID COUNT 1", nil, true},
		{"* ESEARCH (TAG \"T1\") UID COUNT 2\n* ESEARCH (TAG \"T1\") UID ALL 5,8", "", []imap.UID{5, 8}, false},
		{"* ESEARCH (TAG \"T99\") UID ALL 1:4", "* ESEARCH (TAG \"T99\") UID ALL 1:4", nil, true},
		{"* ESEARCH (TAG \"T99\") UID ALL 1:4", "* 3 EXISTS", nil, true},
	} {
		c := connect(t, "ESEARCH", func(p *peer) {
			p.line()
			p.say(tc.first + "\nT1 OK done\n")
			if tc.second == "" {
				return
			}
			p.line()
			p.say(tc.second + "\nT2 OK done\n")
		})
		got, err := c.UIDSearch(t.Context(), "ALL")
		if (err != nil) != tc.bad || !slices.Equal(got, tc.want) {
			t.Errorf("%s, then %s: %v, %v; want %v", tc.first, tc.second, got, err, tc.want)
		}
	}
}
