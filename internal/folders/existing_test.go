package folders

import "testing"

func TestExisting(t *testing.T) {
	e := NewExisting([]Folder{{Name: "INBOX"}, {Name: "Work"}, {Name: "Parent", Attrs: []string{`\Noselect`}}})
	e.Add("Made")
	for name, want := range map[string]struct {
		has, knows bool
		clash      string
	}{
		"Work":   {has: true, knows: true},
		"work":   {clash: "Work"},
		"inbox":  {has: true, knows: true, clash: "INBOX"},
		"Parent": {knows: true},
		"PARENT": {clash: "Parent"},
		"Made":   {has: true, knows: true},
		"made":   {},
		"None":   {},
	} {
		other, clash := e.Clash(name)
		if e.Has(name) != want.has || e.Knows(name) != want.knows || clash != (want.clash != "") || clash && other != want.clash {
			t.Errorf("%s: has %v, knows %v, clash %q %v; want %+v", name, e.Has(name), e.Knows(name), other, clash, want)
		}
	}
}
