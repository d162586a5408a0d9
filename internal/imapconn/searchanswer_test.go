package imapconn

import (
	"errors"
	"fmt"
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

// OK without a line is no answer. Where a server is seen to name messages it has found
// none when it says nothing; else nobody knows.
func TestSearchWithoutALine(t *testing.T) {
	for _, tc := range []struct {
		caps, criteria string
		exists         int
		answers        []string // to each command in turn
		want           []imap.UID
		bad            bool
	}{
		{"", "SEEN", 3, []string{"", "* SEARCH 2"}, []imap.UID{2}, false},
		{"", "SEEN", 3, []string{"", "* SEARCH"}, nil, false},
		{"", "SEEN", 3, []string{"", "", "* SEARCH 1 2 3"}, nil, false},
		{"", "SEEN", 3, []string{"* 3 EXISTS", "* OK still here", ""}, nil, true},
		{"", "SEEN", 3, []string{"", "", "* SEARCH"}, nil, true},
		{"", "all", 3, []string{"", ""}, nil, true},
		{"", "ALL", 0, []string{"", ""}, nil, false},
		{"", "UID 7", 0, []string{"", ""}, nil, false},
		{"ESEARCH", "SEEN", 3, []string{"", "", "* SEARCH 9"}, nil, false},
		{"ESEARCH", "ALL", 1, []string{"", ""}, nil, true},
		{"ESEARCH", "OLD", 1, []string{"", "", ""}, nil, true},
	} {
		c := connect(t, tc.caps, func(p *peer) {
			p.line()
			p.say(fmt.Sprintf("* %d EXISTS\nT1 OK done\n", tc.exists))
			for i, a := range tc.answers {
				p.line()
				if a != "" {
					p.say(a + "\n")
				}
				p.say(fmt.Sprintf("T%d OK done\n", i+2))
			}
			p.ended()
		})
		if _, err := c.Select(t.Context(), "a", nil); err != nil {
			t.Fatal(err)
		}
		got, err := c.UIDSearch(t.Context(), tc.criteria)
		if errors.Is(err, ErrUntold) != tc.bad || (err != nil) != tc.bad || !slices.Equal(got, tc.want) {
			t.Errorf("%+v: %v, %v", tc, got, err)
		}
		_ = c.Close()
	}
}

// That silence means none is learned once for a connection.
func TestSearchSilenceIsLearned(t *testing.T) {
	c := connect(t, "", func(p *peer) {
		for i, a := range []string{"* 2 EXISTS\n", "", "", "* SEARCH 1 2\n", "", ""} {
			p.line()
			p.say(fmt.Sprintf("%sT%d OK done\n", a, i+1))
		}
	})
	if _, err := c.Select(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := c.UIDSearch(t.Context(), "SEEN"); err != nil || len(got) > 0 {
			t.Errorf("%v, %v", got, err)
		}
	}
}
