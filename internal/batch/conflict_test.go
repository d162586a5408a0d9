package batch

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCheckAccounts(t *testing.T) {
	type row = Accounts
	for name, c := range map[string]struct {
		rows []row
		want []string // "row:words"
	}{
		"nothing":               {[]row{{From: "a", To: "b"}, {From: "c", To: "d"}}, nil},
		"twice the same":        {[]row{{From: "a", To: "b"}, {From: "c", To: "d"}, {From: "a", To: "b", Deletes1: true}}, []string{"3:it does the same as row 1"}},
		"other folders":         {[]row{{From: "a", To: "b", Whole: "x"}, {From: "a", To: "b", Whole: "y"}}, nil},
		"merged":                {[]row{{From: "a", To: "z"}, {From: "b", To: "z"}}, nil},
		"merged with deletions": {[]row{{From: "a", To: "z"}, {From: "b", To: "z", Deletes2: true}}, []string{"2:it may delete on host2 what row 1"}},
		"exchanged":             {[]row{{From: "a", To: "b"}, {From: "b", To: "a"}}, []string{"1:the accounts go in a circle with row 2"}},
		"a circle of three":     {[]row{{From: "q", To: "a"}, {From: "a", To: "b"}, {From: "b", To: "c"}, {From: "c", To: "a"}}, []string{"2:the accounts go in a circle with row 3"}},
		"a chain":               {[]row{{From: "a", To: "b"}, {From: "b", To: "c"}, {From: "c", To: "d"}}, nil},
		"to itself":             {[]row{{From: "a", To: "a"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var rows []Row
			for i := range c.rows {
				rows = append(rows, Row{Number: i + 1, Line: i + 1})
			}
			faults := CheckAccounts(rows, c.rows)
			if len(faults) != len(c.want) {
				t.Fatalf("%v", faults)
			}
			for i, f := range faults {
				if !strings.HasPrefix(fmt.Sprintf("%d:%s", f.Row, f.Text), c.want[i]) {
					t.Errorf("%v, want %s", f, c.want[i])
				}
			}
		})
	}
}

func TestSharedSources(t *testing.T) {
	for i, c := range []struct {
		rows []Accounts
		want [][2]int
	}{
		{[]Accounts{{From: "a", To: "b", Deletes1: true}, {From: "c", To: "d"}}, nil},
		{[]Accounts{{From: "a", To: "b"}, {From: "a", To: "c"}}, nil},
		{[]Accounts{{From: "a", To: "b", Deletes1: true}, {From: "a", To: "c"}}, [][2]int{{0, 1}}},
		{[]Accounts{{From: "a", To: "b"}, {From: "a", To: "c", Deletes1: true}}, [][2]int{{1, 0}}},
		{[]Accounts{{From: "a", To: "b", Deletes1: true}, {From: "x", To: "y"}, {From: "a", To: "c", Deletes1: true}, {From: "a", To: "d"}}, [][2]int{{2, 0}, {0, 2}, {0, 3}}},
	} {
		if got := SharedSources(c.rows); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%d: %v", i, got)
		}
	}
}

func TestALongChainIsChecked(t *testing.T) {
	const n = 20_000
	rows, a := make([]Row, n), make([]Accounts, n)
	for i := range rows {
		rows[i] = Row{Number: i + 1}
		a[i] = Accounts{From: fmt.Sprint(i), To: fmt.Sprint(i + 1)}
	}
	if f := CheckAccounts(rows, a); len(f) != 0 {
		t.Error(f[0])
	}
	a[n-1].To = "0"
	if f := CheckAccounts(rows, a); len(f) != 1 {
		t.Error(len(f))
	}
}

func TestState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.csv.state")
	s, err := OpenState(path)
	if err != nil {
		t.Fatal(err)
	}
	k := Key([]string{"--user1=a", "--password1=MASKED"})
	if _, ok := s.Get(k); ok {
		t.Error("a new state knows a row")
	}
	want := Record{Code: 118, Next: StateUnfinished, Tries: 2, At: time.Unix(5, 0).UTC(), Account: "a@h -> b@g"}
	if err := s.Put(k, want); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenState(path); err == nil || !strings.Contains(err.Error(), "another batch") {
		t.Errorf("opened twice: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = OpenState(path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, ok := s.Get(k); !ok || got != want {
		t.Errorf("got %+v", got)
	}
	if Key([]string{"ab", "c"}) == Key([]string{"a", "bc"}) {
		t.Error("two rows have one key")
	}
}
