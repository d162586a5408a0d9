package folders

import (
	"slices"
	"testing"
)

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		labels     []string
		sub1, sub2 string
		want       []string
	}{
		{[]string{"Work", "Travel"}, "", "", []string{"Work", "Travel"}},
		{[]string{"Old/Work", "Travel"}, "Old", "", []string{"Travel", "Work"}},
		{[]string{"Old/INBOX"}, "Old", "", []string{`\Inbox`}},
		{[]string{"Old/Work", "Work"}, "Old", "", []string{"Work"}},
		{[]string{"Work"}, "", "New", []string{"New/Work"}},
		{[]string{`\Inbox`}, "", "New", []string{"New/INBOX", `New/\Inbox`}},
		{[]string{"Old/INBOX", "Older"}, "Old", "New", []string{"New/INBOX", "New/Older", `New/\Inbox`}},
		{nil, "Old", "New", []string{}},
	} {
		if got := Labels(c.labels, c.sub1, c.sub2); !slices.Equal(got, c.want) {
			t.Errorf("%q out of %q into %q: %q, want %q", c.labels, c.sub1, c.sub2, got, c.want)
		}
	}
}
