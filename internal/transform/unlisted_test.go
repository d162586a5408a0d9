package transform

import (
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// TestUnlistedSystemFlags: a flag with a backslash that is none of the five and that
// the folder does not list is left out, whatever way it came, and told of.
func TestUnlistedSystemFlags(t *testing.T) {
	src := []imap.Flag{`\Seen`, `\Indexed`, `\FORWARDED`, "Work", `\Draft`}
	for _, tt := range []struct {
		name       string
		permanent  []imap.Flag
		has        bool
		flags      []imap.Flag
		filter     bool
		want, left []imap.Flag
	}{
		{"nothing told", nil, false, nil, true, []imap.Flag{`\Seen`, "Work", `\Draft`}, []imap.Flag{`\Indexed`, `\FORWARDED`}},
		{"new keywords", []imap.Flag{`\Seen`, imap.FlagWildcard}, true, nil, true, []imap.Flag{`\Seen`, "Work", `\Draft`}, []imap.Flag{`\Indexed`, `\FORWARDED`}},
		{"one exists", []imap.Flag{imap.FlagWildcard}, true, []imap.Flag{`\forwarded`}, true, []imap.Flag{`\Seen`, `\FORWARDED`, "Work", `\Draft`}, []imap.Flag{`\Indexed`}},
		{"one is permanent", []imap.Flag{`\Seen`, `\Indexed`}, true, nil, true, []imap.Flag{`\Seen`, `\Indexed`}, nil},
		{"no filter", []imap.Flag{`\Seen`}, true, nil, false, []imap.Flag{`\Seen`, "Work", `\Draft`}, []imap.Flag{`\Indexed`, `\FORWARDED`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := FlagRules{Filter: tt.filter, FlagsCase: true}.For(NewPermanent(tt.permanent, tt.has).WithFlags(tt.flags))
			got, err := m.ForAppend(src)
			if err != nil {
				t.Fatal(err)
			}
			if left := m.Unlisted(); !slices.Equal(got, tt.want) || !slices.Equal(left, tt.left) {
				t.Errorf("%v, left out %v", got, left)
			}
			if left := m.Unlisted(); left != nil {
				t.Errorf("told twice: %v", left)
			}
		})
	}
}
