package survey

import (
	"testing"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/listing"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// What is told of the same messages in other words has the same digest; what is told of
// others has another one.
func TestFlagSetsDigest(t *testing.T) {
	var table listing.FlagTable
	recs := []listing.Record{
		{UID: 2, Flags: table.Intern([]imap.Flag{`\Seen`, "Blue"})},
		{UID: 3, Flags: table.Intern([]imap.Flag{"blue", `\SEEN`, `\seen`})},
		{UID: 4, Flags: table.Intern(nil)},
		{UID: 9, Flags: table.Intern([]imap.Flag{`\Seen`})},
	}
	sets, ok := FlagSetsOf(recs, &table)
	if !ok {
		t.Fatal("the flags are known")
	}
	want := sets.Digest()
	r := func(a, b imap.UID) imap.UIDRange { return imap.UIDRange{Start: a, Stop: b} }
	for name, tc := range map[string]struct {
		sets             FlagSets
		system, keywords bool // are as they were
	}{
		"the same":          {FlagSets{"": {r(2, 4), r(9, 9)}, `\seen`: {r(2, 3), r(9, 9)}, "blue": {r(2, 3)}}, true, true},
		"in other order":    {FlagSets{"": {r(9, 9), r(3, 4), r(2, 3)}, `\seen`: {r(9, 9), r(3, 3), r(2, 2)}, "blue": {r(2, 3)}, `\draft`: nil, "red": {}}, true, true},
		"one more":          {FlagSets{"": {r(2, 5), r(9, 9)}, `\seen`: {r(2, 3), r(9, 9)}, "blue": {r(2, 3)}}, false, true},
		"under another":     {FlagSets{"": {r(2, 4), r(9, 9)}, `\draft`: {r(2, 3), r(9, 9)}, "blue": {r(2, 3)}}, false, true},
		"a keyword less":    {FlagSets{"": {r(2, 4), r(9, 9)}, `\seen`: {r(2, 3), r(9, 9)}}, true, false},
		"a keyword more":    {FlagSets{"": {r(2, 4), r(9, 9)}, `\seen`: {r(2, 3), r(9, 9)}, "blue": {r(2, 3)}, "red": {r(4, 4)}}, true, false},
		"with another name": {FlagSets{"": {r(2, 4), r(9, 9)}, `\seen`: {r(2, 3), r(9, 9)}, "bluer": {r(2, 3)}}, true, false},
		"with every UID":    {FlagSets{"": {r(2, 4), r(9, 9)}, `\seen`: {r(1, ^imap.UID(0))}, "blue": {r(2, 3)}}, false, true},
	} {
		got := tc.sets.Digest()
		if (got.System == want.System) != tc.system || (got.Keywords == want.Keywords) != tc.keywords {
			t.Errorf("%s: %v", name, got)
		}
	}
	recs[1].Bits |= listing.FlagsUnknown
	if _, ok := FlagSetsOf(recs, &table); ok {
		t.Error("flags that nobody told have a digest")
	}
}

// Changed finds the messages whose flags are not those that were.
func TestFlagSetsChanged(t *testing.T) {
	set := func(text string) imap.UIDSet {
		if text == "" {
			return nil
		}
		s, err := uidset.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	was := FlagSets{"": set("2:9"), `\seen`: set("2:5,9"), "blue": set("4")}
	for _, tc := range []struct {
		now  FlagSets
		want string
		ok   bool
	}{
		{FlagSets{"": set("2:9"), `\seen`: set("9,2:5"), "blue": set("4")}, "", true},
		{FlagSets{"": set("2:9"), `\seen`: set("2:4,9"), "blue": set("4"), "red": set("9")}, "5,9", true},
		{FlagSets{"": set("2:9"), `\seen`: set("2:9")}, "4,6:8", true},
		{FlagSets{"": set("2:9")}, "2:5,9", true},
		{FlagSets{"": set("2:9"), `\seen`: set("1:3,5:8"), "blue": set("3")}, "1,3:4,6:9", true},
		{FlagSets{"": set("2:10"), `\seen`: set("2:5,9"), "blue": set("4")}, "", false},
		{FlagSets{"": set("3:9"), `\seen`: set("2:5,9"), "blue": set("4")}, "", false},
		{FlagSets{"": set("2:9"), `\seen`: set("2:4294967295"), "blue": set("4")}, "6:8,10:4294967295", true},
	} {
		got, ok := was.Changed(tc.now)
		if got.String() != tc.want || ok != tc.ok {
			t.Errorf("%v: %s, %v; want %s", tc.now, got, ok, tc.want)
		}
	}
}

// The messages with a flag and those without it are all; one that is told as both is seen.
func TestJoined(t *testing.T) {
	for _, tc := range []struct {
		a, b, all string
		apart     bool
	}{
		{"1:3", "4:9", "1:9", true},
		{"2,4,6", "1,3,5,7", "1:7", true},
		{"5,1:2", "8", "1:2,5,8", true},
		{"1:2,2:3,3", "4", "1:4", true},
		{"1:3", "3:9", "1:9", false},
		{"1:9", "1:9", "1:9", false},
		{"1:9", "5", "1:9", false},
	} {
		set := func(text string) imap.UIDSet {
			s, err := uidset.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		for _, two := range [][2]imap.UIDSet{{set(tc.a), set(tc.b)}, {set(tc.b), set(tc.a)}} {
			if all, apart := joined(two[0], two[1]); all.String() != tc.all || apart != tc.apart {
				t.Errorf("%s and %s: %s, %v", tc.a, tc.b, all, apart)
			}
		}
	}
	if all, apart := joined(nil, nil); len(all) > 0 || !apart {
		t.Errorf("nothing: %s, %v", all, apart)
	}
}
