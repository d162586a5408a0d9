package uidset

import (
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
)

func TestSets(t *testing.T) {
	for _, c := range []struct {
		uids []imap.UID
		want string
	}{
		{nil, ""},
		{[]imap.UID{7}, "7"},
		{[]imap.UID{1, 2, 3}, "1:3"},
		{[]imap.UID{9, 3, 2, 9, 5}, "2:3,5,9"},
		{[]imap.UID{1<<32 - 1, 1<<32 - 2}, "4294967294:4294967295"},
	} {
		before := slices.Clone(c.uids)
		got := Sorted(c.uids)
		if got.String() != c.want || !slices.Equal(c.uids, before) {
			t.Errorf("%v: %s, want %s; afterwards %v", before, got, c.want, c.uids)
		}
		if of := Of(c.uids); of.String() != c.want || !slices.Equal(c.uids, before) {
			t.Errorf("%v: %s, want %s; afterwards %v", before, of, c.want, c.uids)
		}
		keys := make(map[imap.UID]struct{})
		for _, u := range c.uids {
			keys[u] = struct{}{}
		}
		if of := OfKeys(keys); of.String() != c.want || Count(of) != int64(len(keys)) {
			t.Errorf("%v: %s of the keys, %d UIDs", before, of, Count(of))
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"1:100,200,300:*": "1:100,200,300:*", "5": "5", "*": "*", "9:7": "7:9", "1,2,3": "1:3",
		"": "", "0": "", "a": "", "1:": "", "1,,2": "", "-1": "", "4294967296": "",
	} {
		set, err := Parse(text)
		if (err != nil) != (want == "") || err == nil && set.String() != want {
			t.Errorf("%q: %s, %v; want %q", text, set, err, want)
		}
	}
}

// Whatever is read is a set that goes on the wire and reads as itself.
func FuzzParse(f *testing.F) {
	f.Add("1:100,200,300:*")
	f.Add("*:4")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(set.String())
		if err != nil || again.String() != set.String() {
			t.Errorf("%q is read as %s, and that as %s (%v)", text, set, again, err)
		}
	})
}
