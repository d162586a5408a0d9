package batch

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"
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
		"UTF-16, little end first":       {utf16Text("\ufeffuser1\tuser2\r\nü@x\tb\r\n", binary.LittleEndian), [][]string{{"--user1=ü@x", "--user2=b"}}},
		"UTF-16, big end first":          {utf16Text("\ufeffu;p;v;ñ\r\n", binary.BigEndian), [][]string{{"--user1=u", "--password1=p", "--user2=v", "--password2=ñ"}}},
		"a line for spreadsheets":        {"\ufeffsep=;\r\nuser1;user2\r\na;b\r\n", [][]string{{"--user1=a", "--user2=b"}}},
		"accounts that are called user1": {"h;user1;secret1;g;user2;secret2;;\n", [][]string{{"--host1=h", "--user1=user1", "--password1=secret1", "--host2=g", "--user2=user2", "--password2=secret2"}}},
		"and without hosts":              {"user1;pw;user2;pw\n", [][]string{{"--user1=user1", "--password1=pw", "--user2=user2", "--password2=pw"}}},
		"blanks belong to passwords":     {" h ; u ; p ; g; v; q \n", [][]string{{"--host1=h", "--user1=u", "--password1= p ", "--host2=g", "--user2=v", "--password2= q "}}},
		"header with tabs":               {"user1\tuser2\nü@x\tb c\n", [][]string{{"--user1=ü@x", "--user2=b c"}}},
		"two lists in one":               {"h;u;p;g;v;q\n\ufeffh;w;p;g;x;q\n\ufeff# comment\n", [][]string{{"--host1=h", "--user1=u", "--password1=p", "--host2=g", "--user2=v", "--password2=q"}, {"--host1=h", "--user1=w", "--password1=p", "--host2=g", "--user2=x", "--password2=q"}}},
		"header with semicolons":         {"user1;user2;dry\na;b;0\n", [][]string{{"--user1=a", "--user2=b"}}},
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
		"":                                     "0:the list has no rows",
		"# only\n":                             "0:the list has no rows",
		"a;b;c\n":                              "1:it has 3 columns",
		"h;u;p;g;v;q;x;y\n":                    "1:it has 8 columns",
		"h;u;p;g;v;q;x\n":                      "1:column 7 is for options",
		"h;u;\"p;g;v;q\n":                      "1:column 3: its double quote is not closed",
		"h;u;\"p\"x;g;v;q\n":                   "1:column 3: there is something behind",
		"user1,user2,colour\na,b,c\n":          "0:column 3 of the first line",
		"h,user1,mysecret,g,user1,mysecret\n":  "0:column 1 of the first line",
		"user1,user2,user1\na,b,c\n":           "0:column \"user1\" is there twice",
		"user1,user2\na,b\nuser1,user2\nc,d\n": "2:the names of the columns are here again",
		"user1,user2,dry\na,b,perhaps\n":       "1:column dry: give yes or no",
		"user1,user2\na,b,c\n":                 "1:it has 3 columns, the first line names 2",
		"user1,user2,\na,b,c\n":                "1:column 3 has no name, and a value",
		"u;p;v;q;--x 'y\n":                     "1:its options: a quote",
		"a;\xff;b;c\n":                         "0:it is not UTF-8",
		"a\x00;\x00b\n":                        "0:it has a NUL",
		"h;u;p;g;v;q\nh;w;p;g;x;q\ry;z\n":      "2:a carriage return is in the middle",
		"h;u;p;g;v;q\nh;w;\x1bp;g;x;q\n":       "2:it has the control character '\\x1b'",
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

// Each cell that is wrong is told, and what is right of the row is read. Where it is not known
// which cell is which nothing of it is.
func TestAllFaultsOfARow(t *testing.T) {
	for in, want := range map[string]struct {
		faults int
		args   []string
	}{
		"user1,user2,dry,automap,options,\na,b,perhaps,maybe,--x 'y,c\n": {4, []string{"--user1=a", "--user2=b"}},
		"user1,user2,dry\na,b,c,d\n":                                     {1, nil},
		"u;p;v;q;--x 'y\n":                                               {1, []string{"--user1=u", "--password1=p", "--user2=v", "--password2=q"}},
		"u;p;v;q;x\n":                                                    {1, nil},
		"u;p;v\n":                                                        {1, nil},
	} {
		l, faults, err := Read(strings.NewReader(in), testWords)
		if err != nil || len(faults) != want.faults || len(l.Rows) != 1 || !reflect.DeepEqual(l.Rows[0].Args, want.args) {
			t.Errorf("%q: %v %v %v", in, err, faults, l.Rows)
		}
	}
}

// A line that cannot be read keeps its number, so that --rows and results mean the same
// rows before and after it is mended.
func TestUnreadableRowsKeepTheirNumbers(t *testing.T) {
	l, faults, err := Read(strings.NewReader("h;a;p;g;v;q\nh;\xff;p;g;w;q\nh;c;p;g;x;q\n"), testWords)
	if err != nil || len(faults) != 1 || faults[0].Row != 2 || len(l.Rows) != 3 || l.Rows[2].Number != 3 || l.Rows[2].Args[1] != "--user1=c" {
		t.Errorf("%v %v %v", l, faults, err)
	}
}

// Long lists cost by the row, and a line without end is refused early.
func TestLongLists(t *testing.T) {
	const rows = 100_000
	l, faults, err := Read(strings.NewReader(strings.Repeat("h;u;p;g;v;q\n", rows)), testWords)
	if err != nil || len(faults) > 0 || len(l.Rows) != rows {
		t.Errorf("%d rows, %v %v", len(l.Rows), faults, err)
	}
	if _, _, err = Read(strings.NewReader("h;u;p;g;v;q\n"+strings.Repeat("x", 10<<20)), testWords); err == nil || !strings.Contains(err.Error(), "line 2 is longer") {
		t.Error(err)
	}
}

func utf16Text(s string, order binary.ByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, 0, 0)
		order.PutUint16(b[len(b)-2:], u)
	}
	return string(b)
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
