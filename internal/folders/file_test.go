package folders

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMapFileRoundTrip(t *testing.T) {
	host1 := Side{Folders: list("/", "INBOX", "a\tb", `p\q`, "nl\nx", "r\xe9", "&AOk-t&AOk-", "[x]", `"q"`, " blank ", "Sent"), Family: Courier}
	table, err := Map(defaults(), host1, Side{Folders: list("/", "INBOX"), Family: Courier})
	if err != nil {
		t.Fatal(err)
	}
	var want []Pair
	for _, r := range table.Rows {
		want = append(want, Pair{r.From, r.To})
	}
	for _, form := range []func(*bytes.Buffer) error{
		func(b *bytes.Buffer) error { return table.WriteTSV(b) },
		func(b *bytes.Buffer) error { return table.WriteJSON(b) },
	} {
		var b bytes.Buffer
		if err := form(&b); err != nil {
			t.Fatal(err)
		}
		for _, eol := range []string{"\n", "\r\n"} {
			got, err := ReadMap(strings.NewReader("\ufeff" + strings.ReplaceAll(b.String(), "\n", eol)))
			if err != nil {
				t.Fatalf("%v in\n%s", err, b.String())
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		// The file that was read back gives the same table.
		o := defaults()
		o.MapFile = want
		again, err := Map(o, host1, Side{Folders: list("/", "INBOX"), Family: Courier})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(mapped(table), mapped(again)); d != "" {
			t.Errorf("(-first +again):\n%s", d)
		}
	}
}

func TestWriteForms(t *testing.T) {
	table := &Table{Rows: []Row{
		{From: "INBOX", To: "INBOX", Ruled: "INBOX", Why: WhySame, Exists: true, Shared: 1},
		{From: "&AOk-", To: "a/b", Ruled: "a/b", Why: WhyTrans, Detail: "s/x/<y>/", Create: true, Shared: 1, Use: `\Sent`, Parents: []string{"a"},
			Warnings: []Warning{{WarnCase, "one"}, {WarnShared, "two"}}},
		{From: "x", Refused: "the rules leave an empty name", Why: WhyTrans},
	}}
	var tsv, js bytes.Buffer
	if err := table.WriteTSV(&tsv); err != nil {
		t.Fatal(err)
	}
	wantTSV := "From\tTo\tWhy\tState\tUse\tFromText\tToText\tWarnings\n" +
		"INBOX\tINBOX\tsame\texists\t\tINBOX\tINBOX\t\n" +
		"&AOk-\ta/b\tregextrans2: s/x/<y>/\tcreate\t\\\\Sent\té\ta/b\tcase: one; several: two\n" +
		"x\t\tregextrans2\trefused\t\tx\t\tthe rules leave an empty name\n"
	if d := cmp.Diff(wantTSV, tsv.String()); d != "" {
		t.Errorf("TSV (-want +got):\n%s", d)
	}
	if err := table.WriteJSON(&js); err != nil {
		t.Fatal(err)
	}
	wantJSON := "[\n" +
		`{"From":"INBOX","To":"INBOX","FromText":"INBOX","ToText":"INBOX","Why":"same","State":"exists","Shared":1},` + "\n" +
		`{"From":"&AOk-","To":"a/b","FromText":"é","ToText":"a/b","Why":"regextrans2: s/x/<y>/","State":"create","Use":"\\Sent","CreateFirst":["a"],"Shared":1,"Warnings":["case: one","several: two"]},` + "\n" +
		`{"From":"x","FromText":"x","Why":"regextrans2","State":"refused","Warnings":["the rules leave an empty name"]}` + "\n]\n"
	if d := cmp.Diff(wantJSON, js.String()); d != "" {
		t.Errorf("JSON (-want +got):\n%s", d)
	}
	if !json.Valid(js.Bytes()) {
		t.Error("not JSON")
	}
	var empty bytes.Buffer
	if err := (&Table{}).WriteJSON(&empty); err != nil || empty.String() != "[\n]\n" {
		t.Errorf("an empty table is %q, %v", empty.String(), err)
	}
}

func TestReadMap(t *testing.T) {
	got, err := ReadMap(strings.NewReader("to\tnote\tfrom\n\nÉté\t\tSent\nb\tx\ta\\\\c\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Pair{{"Sent", "Été"}, {`a\c`, "b"}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for _, c := range []struct{ in, want string }{
		{"", "the mapping is empty"},
		{"from to\nx y\n", `line 1: the first line must name the columns, "from" and "to" among them, separated by TABs`},
		{"from\tto\na\tb\n\nc\n", "line 4: only 1 columns; are the TABs still TABs?"},
		{"from\tto\na\tb\na\tc\n", `line 3: folder "a" is in line 2 already; remove one of them`},
		{"from\tto\n\tx\n", "line 2: no host1 folder in the column from"},
		{"from\tto\na\\\tx\n", `line 2: column 1: a lone backslash at the end; write \\`},
		{"from\tto\na\tx\\q\n", `line 2: column 2: the escape \q is not known; write \\ for a backslash`},
		{"from\tto\na\tx\\x4\n", `line 2: column 2: \x without two hexadecimal digits`},
		{"from\tto\na\tx\\x4g\n", `line 2: column 2: \x without two hexadecimal digits`},
		{"[\n{\"from\":\"a\",\"to\":\"b\"},\n{\"from\":\"a\",\"to\":\"c\"}\n]", `line 3: folder "a" is in line 2 already; remove one of them`},
		{"[\n{\"from\":\"a\",\"to\":\"b\"},\n\n{\"from\":7}\n]", "line 4: json: cannot unmarshal number into Go struct field jsonRow.From of type string"},
		{"[\n{\"from\":\"a\",\"to\":\"b\"}\n", "line 3: the list is not closed: EOF"},
		{"[]\n[]", "line 2: something follows the list; one array of rows is expected"},
		{"[\n{\"from\":\"a\",\n\"to_base64\":\"?\"}]", "line 2: illegal base64 data at input byte 0"},
	} {
		if _, err := ReadMap(strings.NewReader(c.in)); err == nil || err.Error() != c.want {
			t.Errorf("%q: error %v, want %s", c.in, err, c.want)
		}
	}
}

func FuzzReadMap(f *testing.F) {
	for _, s := range []string{"", "from\tto\na\tb\n", "[", "[]", `[{"from":"a","to":"b"}]`, "from\tto\n\\x41\t\\\\\n", "[{\"from_base64\":\"4g==\",\"to\":\"x\"}]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := ReadMap(strings.NewReader(s))
		if err != nil {
			return
		}
		table := &Table{}
		for _, p := range list {
			if p.From == "" || p.To == "" {
				t.Fatalf("%q gives %+v", s, p)
			}
			table.Rows = append(table.Rows, Row{From: p.From, To: p.To, Create: true})
		}
		for _, write := range []func(*bytes.Buffer) error{
			func(b *bytes.Buffer) error { return table.WriteTSV(b) },
			func(b *bytes.Buffer) error { return table.WriteJSON(b) },
		} {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			again, err := ReadMap(&b)
			if err != nil {
				t.Fatalf("%q was written so that it can not be read: %v", s, err)
			}
			if d := cmp.Diff(list, again); d != "" {
				t.Errorf("%q (-first +again):\n%s", s, d)
			}
		}
	})
}
