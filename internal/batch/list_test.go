package batch

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

var testWords = Words{
	Column: func(name string) (Column, bool) {
		switch name {
		case "host1", "user1", "password1", "host2", "user2", "password2", "passfile1", "exclude", "prefix2":
			return Column{Option: name}, true
		case "dry", "ssl1":
			return Column{Option: name, Switch: true, Negatable: name == "ssl1"}, true
		}
		return Column{}, false
	},
	Split: func(s string) ([]string, error) {
		if strings.Count(s, "'")%2 == 1 {
			return nil, fmt.Errorf("a quote is not closed")
		}
		return strings.Fields(s), nil
	},
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want [][]string
	}{
		"imapsync's": {"# hosts\n\nh1;u1;p1;h2;u2;p2;;\r\n  \nh1;u3;p;h2;u4;p;--delete1 --dry;\n", [][]string{
			{"--host1=h1", "--user1=u1", "--password1=p1", "--host2=h2", "--user2=u2", "--password2=p2"},
			{"--host1=h1", "--user1=u3", "--password1=p", "--host2=h2", "--user2=u4", "--password2=p", "--delete1", "--dry"},
		}},
		"four to eight columns": {"u;p;v;q\nu;p;v;q;\nu;p;v;q;--dry\nu;p;v;q;--dry;\nh;u;p;g;v;q\nh;u;p;g;v;q;\nh;u;p;g;v;q;--dry;", [][]string{
			{"--user1=u", "--password1=p", "--user2=v", "--password2=q"},
			{"--user1=u", "--password1=p", "--user2=v", "--password2=q"},
			{"--user1=u", "--password1=p", "--user2=v", "--password2=q", "--dry"},
			{"--user1=u", "--password1=p", "--user2=v", "--password2=q", "--dry"},
			{"--host1=h", "--user1=u", "--password1=p", "--host2=g", "--user2=v", "--password2=q"},
			{"--host1=h", "--user1=u", "--password1=p", "--host2=g", "--user2=v", "--password2=q"},
			{"--host1=h", "--user1=u", "--password1=p", "--host2=g", "--user2=v", "--password2=q", "--dry"},
		}},
		"quotes": {`h;u;"p;""q";g;v;a"b` + "\n", [][]string{{"--host1=h", "--user1=u", `--password1=p;"q`, "--host2=g", "--user2=v", `--password2=a"b`}}},
		"header with commas": {"\ufeffUser1,password1,--user2,password2,dry,ssl1,options,exclude\r\na,-b,c,\"d,e\",yes,no,--x 1,^Junk\nq,,r,,,,,\n", [][]string{
			{"--user1=a", "--password1=-b", "--user2=c", "--password2=d,e", "--dry", "--nossl1", "--x", "1", "--exclude=^Junk"},
			{"--user1=q", "--user2=r"},
		}},
		"header with tabs":       {"user1\tuser2\nü@x\tb c\n", [][]string{{"--user1=ü@x", "--user2=b c"}}},
		"header with semicolons": {"user1;user2;dry\na;b;0\n", [][]string{{"--user1=a", "--user2=b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			l, faults, err := Read(strings.NewReader(c.in), testWords)
			if err != nil || len(faults) > 0 {
				t.Fatal(err, faults)
			}
			var got [][]string
			for i, r := range l.Rows {
				got = append(got, r.Args)
				if r.Number != i+1 {
					t.Errorf("row %d has the number %d", i+1, r.Number)
				}
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestFaultsOfAList(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "0:the list has no rows",
		"# only\n":                       "0:the list has no rows",
		"a;b;c\n":                        "1:it has 3 columns",
		"h;u;p;g;v;q;x;y\n":              "1:it has 8 columns",
		"h;u;p;g;v;q;x\n":                "1:column 7 is for options",
		"h;u;\"p;g;v;q\n":                "1:column 3: its double quote is not closed",
		"h;u;\"p\"x;g;v;q\n":             "1:column 3: there is something behind",
		"user1,user2,colour\na,b,c\n":    "1:column \"colour\": no option",
		"user1,user2,user1\na,b,c\n":     "1:column \"user1\" is there twice",
		"user1,user2,dry\na,b,perhaps\n": "1:column dry: give yes or no",
		"user1,user2\na,b,c\n":           "1:it has 3 columns, the first line names 2",
		"user1,user2,\na,b,c\n":          "1:column 3 has no name, and a value",
		"u;p;v;q;--x 'y\n":               "1:its options: a quote",
		"a;\xff;b;c\n":                   "0:it is not UTF-8",
	} {
		_, faults, err := Read(strings.NewReader(in), testWords)
		if err != nil || len(faults) == 0 || !strings.HasPrefix(fmt.Sprintf("%d:%s", faults[0].Row, faults[0].Text), want) {
			t.Errorf("%q: %v %v, want %q", in, faults, err, want)
		}
		for _, f := range faults {
			if strings.Contains(f.Text, "q;x") {
				t.Errorf("%q: a fault shows cells: %s", in, f.Text)
			}
		}
	}
}

// FuzzRead reads any list: rows keep their numbers and lines, and a fault shows no
// password.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"h;u;p;g;v;q;;\n", "user1,user2\na,\"b\"\"\"\n", "user1\tuser2\toptions\na\tb\t--x y\n", "a;b;c;d;e;f;g;h;i", "\"\";\"\";\"\";\"\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		l, faults, err := Read(strings.NewReader(in), testWords)
		if err != nil {
			return
		}
		line := 0
		for i, r := range l.Rows {
			if r.Number != i+1 || r.Line <= line {
				t.Fatalf("row %d: number %d, line %d behind %d", i+1, r.Number, r.Line, line)
			}
			line = r.Line
			for _, a := range r.Args {
				if strings.ContainsRune(a, '\n') {
					t.Fatalf("an argument of two lines: %q", a)
				}
			}
		}
		for _, x := range faults {
			if x.Row > len(l.Rows)+1 {
				t.Fatalf("a fault of row %d of %d", x.Row, len(l.Rows))
			}
		}
	})
}
