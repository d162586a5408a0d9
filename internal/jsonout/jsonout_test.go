package jsonout

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/imaphaul/imaphaul/internal/docpages"
	"github.com/imaphaul/imaphaul/internal/event"
)

var update = flag.Bool("update", false, "write docs/events.md and docs/events.schema.json from the types")

const (
	schemaFile = "../../docs/events.schema.json"
	pageFile   = "../../docs/events.md"
)

func at() time.Time { return time.Date(2026, 11, 23, 14, 44, 56, 789e6, time.UTC) }

// fill gives every field of an event a value that is not zero.
func fill(v reflect.Value) {
	switch {
	case v.Type() == errorType:
		v.Set(reflect.ValueOf(errors.New("refused \"so\"\r\n")))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString("t\x00\xff\u2028ü\"\\")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(3)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(k)
		fill(e)
		v.SetMapIndex(k, e)
	}
}

// samples are all events, empty and full.
func samples() []event.Event {
	all := slices.Clone(Events)
	for _, e := range Events {
		v := reflect.New(reflect.TypeOf(e)).Elem()
		fill(v)
		all = append(all, v.Interface().(event.Event))
	}
	return all
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The schema file is that of the types, and every line is as it says.
func TestLinesFollowTheSchema(t *testing.T) {
	want, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("docs/events.schema.json is not that of the types (%v); run this test with -update", err)
	}
	s := schema(t)
	var out bytes.Buffer
	w := New(&out, "a@b -> c@d", at)
	for _, e := range samples() {
		w.Event(e)
	}
	w.Exit(Exit{Code: 111, Name: "EXIT_WITH_ERRORS", Errors: 2})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	ofRow := New(&out, "a@b -> c@d", at)
	ofRow.OfRow(3, 0, "justlogin")
	ofRow.Event(samples()[0])
	ofRow.Exit(Exit{Failure: "not tried"})
	if err := ofRow.Close(); err != nil {
		t.Fatal(err)
	}
	out.Write(Lost(nil, 12))
	n := 0
	for line := range bytes.Lines(out.Bytes()) {
		n++
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatalf("no JSON: %v\n%s", err, line)
		}
		if err := s.Validate(value); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
	}
	if want := 2*len(Events) + 4; n != want {
		t.Errorf("%d lines of %d", n, want)
	}
	for _, wrong := range []string{
		`{"v":2,"seq":1,"time":"2026-11-23T14:44:56.789Z","account":"a","event":"loop_end"}`,
		`{"v":1,"seq":1,"time":"2026-11-23T14:44:56.789Z","account":"a","event":"loop_start"}`,
		`{"v":1,"seq":1,"time":"2026-11-23T14:44:56.789Z","account":"a","event":"unheard_of"}`,
		`{"v":1,"seq":1,"time":"2026-11-23T14:44:56.789Z","account":"a","event":"loop_start","folders":"3"}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(wrong))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(value) == nil {
			t.Errorf("the schema takes %s", wrong)
		}
	}
}

// Every type of event is written, and its fields do not hide those of the line.
func TestEveryEventIsWritten(t *testing.T) {
	known := map[string]bool{}
	for _, e := range Events {
		known[reflect.TypeOf(e).Name()] = true
		for _, f := range objectOf(reflect.TypeOf(e)).fields {
			if slices.Contains([]string{"v", "seq", "time", "account", "event", "exit_code"}, f.name) {
				t.Errorf("%T has a field %q", e, f.name)
			}
		}
	}
	for name := range documented(t) {
		if !known[name] {
			t.Errorf("event.%s is not in Events", name)
		}
	}
	for s, name := range skipNames {
		if name == "" || s > event.SkipMarked {
			t.Errorf("%d %q", s, name)
		}
	}
	if len(skipNames) != int(event.SkipMarked)+1 {
		t.Error("a reason has no name")
	}
}

// What a line says is what the event has, whatever bytes are in it.
func TestValuesArrive(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, "ann@old.example.org -> ann@new.example.org", at)
	w.Event(event.Error{Class: event.ErrAppend, Text: "NO [TRYCREATE] \"x\"\t\x01", Hint: "try", Folder: event.Folder{Raw: "A&AOQ-", Text: "Aä"}, UID: 9, MessageID: "<1@example.org>"})
	w.Event(event.Throttled{Side: 2, For: 1500 * time.Millisecond, Why: "w"})
	w.Event(event.Finished{Fatal: errors.New("gone"), BytesIn: [3]int64{0, 5, 6}})
	_ = w.Close()
	var lines []map[string]any
	for d := json.NewDecoder(&out); d.More(); {
		var m map[string]any
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, m)
	}
	for i, want := range []map[string]any{
		{"v": 1.0, "seq": 1.0, "event": "error", "class": "ERR_APPEND", "exit_code": 114.0, "text": "NO [TRYCREATE] \"x\"\t\x01", "remedy": "try", "uid": 9.0,
			"message_id": "<1@example.org>", "time": "2026-11-23T14:44:56.789Z", "account": "ann@old.example.org -> ann@new.example.org"},
		{"seq": 2.0, "event": "throttled", "side": 2.0, "for_seconds": 1.5, "why": "w"},
		{"seq": 3.0, "event": "finished", "fatal": "gone"},
	} {
		for k, v := range want {
			if !reflect.DeepEqual(lines[i][k], v) {
				t.Errorf("line %d: %s is %v, want %v", i+1, k, lines[i][k], v)
			}
		}
	}
	if f := lines[0]["folder"]; !reflect.DeepEqual(f, map[string]any{"raw": "A&AOQ-", "text": "Aä"}) {
		t.Errorf("folder: %v", f)
	}
	if b := lines[2]["bytes_in"]; !reflect.DeepEqual(b, map[string]any{"host1": 5.0, "host2": 6.0}) {
		t.Errorf("bytes_in: %v", b)
	}
}

func TestSnake(t *testing.T) {
	for in, want := range map[string]string{"UID": "uid", "NewUID": "new_uid", "MessageID": "message_id", "OnlyOn1": "only_on1",
		"RemoteIP": "remote_ip", "StartTLS": "start_tls", "TLS": "tls", "FromNamespace": "from_namespace", "Exists1": "exists1"} {
		if got := snake(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func FuzzString(f *testing.F) {
	f.Add("plain")
	f.Add("\x00\xff\"\\\n\u2028\u202e\x7f\x85")
	f.Fuzz(func(t *testing.T, s string) {
		enc := appendString(nil, s)
		var got string
		if err := json.Unmarshal(enc, &got); err != nil {
			t.Fatalf("%q: %v", enc, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); strings.Count(got, "\ufffd") < strings.Count(want, "\ufffd") || strings.ReplaceAll(got, "\ufffd", "") != strings.ReplaceAll(want, "\ufffd", "") {
			t.Errorf("%q came back as %q", s, got)
		}
		if bytes.ContainsFunc(enc, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x2028 }) {
			t.Errorf("%q is not safe to show", enc)
		}
	})
}

// A line for each message costs little, and no memory but what the event has.
func BenchmarkMessage(b *testing.B) {
	w := New(&discard{}, "ann@old.example.org -> ann@new.example.org", time.Now)
	var e event.Event = event.MessageCopied{From: event.Folder{Raw: "INBOX", Text: "INBOX"}, UID: 4711, Bytes: 20000, To: event.Folder{Raw: "INBOX", Text: "INBOX"}, NewUID: 4711}
	b.ReportAllocs()
	for b.Loop() {
		w.Event(e)
	}
}

func TestMessageAllocatesNothing(t *testing.T) {
	w := New(&discard{}, "a", at)
	var e event.Event = event.MessageCopied{From: event.Folder{Raw: "INBOX", Text: "INBOX"}, UID: 4711, Bytes: 20000}
	w.Event(e)
	if n := testing.AllocsPerRun(2000, func() { w.Event(e) }); n > 0.1 {
		t.Errorf("%v allocations", n)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// documented are the events of package event with their comments and those of their
// fields.
func documented(t *testing.T) map[string]*ast.GenDecl {
	t.Helper()
	found := map[string]*ast.GenDecl{}
	files, err := os.ReadDir("../event")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), "../event/"+f.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			spec := g.Specs[0].(*ast.TypeSpec)
			st, ok := spec.Type.(*ast.StructType)
			if !ok || len(st.Fields.List) == 0 {
				continue
			}
			if id, ok := st.Fields.List[0].Type.(*ast.Ident); ok && id.Name == "base" && len(st.Fields.List[0].Names) == 0 {
				found[spec.Name.Name] = g
			}
		}
	}
	return found
}

// docs/events.md is made from the types and their comments.
func TestEventsPage(t *testing.T) {
	want := docpages.Wrap(page(t))
	if *update {
		if err := os.WriteFile(pageFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(pageFile)
	if err != nil || string(got) != want {
		t.Errorf("docs/events.md does not show the events (%v); run this test with -update", err)
	}
}

func page(t *testing.T) string {
	var b strings.Builder
	b.WriteString(preface)
	docs := documented(t)
	for _, e := range Events {
		typ := reflect.TypeOf(e)
		g := docs[typ.Name()]
		o := objectOf(typ)
		names := map[string]string{} // of the fields, in Go and in JSON
		for _, f := range o.fields {
			names[typ.Field(f.index).Name] = f.name
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", snake(typ.Name()), words(text(g.Doc), names))
		if len(o.fields) == 0 {
			continue
		}
		b.WriteString("\n| field | type | |\n|---|---|---|\n")
		comments := map[string]string{}
		for _, f := range g.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType).Fields.List {
			said := words(text(f.Doc)+" "+text(f.Comment), names)
			for i, n := range f.Names {
				comments[n.Name] = said
				if i > 0 && said != "" {
					comments[n.Name] = "see `" + names[f.Names[0].Name] + "`"
				} else if len(f.Names) == 1 {
					comments[n.Name] = lead.ReplaceAllStringFunc(said, func(s string) string {
						if strings.HasSuffix(s, ": ") {
							return "true: "
						}
						return ""
					})
				}
			}
		}
		for _, f := range o.fields {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.name, kindOf(f.schema), strings.ReplaceAll(comments[typ.Field(f.index).Name], "|", `\|`))
		}
		if typ.Name() == "Error" {
			b.WriteString("| `exit_code` | integer | the exit code of a run in which this class is the most frequent one |\n")
		}
	}
	return b.String()
}

// text is a comment on one line.
func text(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

var (
	capital = regexp.MustCompile(`\b[A-Z][A-Za-z0-9]*\b`)
	// lead is how a comment begins that goes on with what its field is.
	lead = regexp.MustCompile("^`[a-z0-9_]+`( is| are| says|:) ")
)

// words has the names of Go in a comment as they are in a line: those of events, and
// of the fields of this one where they begin the comment or stand within a sentence.
func words(said string, fields map[string]string) string {
	var b strings.Builder
	said = strings.TrimSpace(said)
	last := 0
	for _, at := range capital.FindAllStringIndex(said, -1) {
		word, before := said[at[0]:at[1]], said[:at[0]]
		begins := before == "" || strings.HasSuffix(before, ". ")
		name, ok := fields[word]
		if begins && ok {
			after, _, _ := strings.Cut(strings.TrimLeft(said[at[1]:], " "), " ")
			ok = slices.Contains([]string{"is", "are", "says", "counts", "decides", "and"}, after) || strings.HasPrefix(said[at[1]:], ":")
		}
		if !ok && eventNames[word] && (!strings.HasSuffix(before, ". ") || snake(word) != strings.ToLower(word)) {
			name, ok = snake(word), true
		}
		if ok {
			b.WriteString(said[last:at[0]] + "`" + name + "`")
			last = at[1]
		}
	}
	return b.String() + said[last:]
}

// eventNames are the types of events.
var eventNames = func() map[string]bool {
	known := map[string]bool{}
	for _, e := range Events {
		known[reflect.TypeOf(e).Name()] = true
	}
	return known
}()

func kindOf(s map[string]any) string {
	switch k := s["type"].(type) {
	case string:
		if k == "array" {
			return "array of " + kindOf(s["items"].(map[string]any))
		}
		if p, ok := s["properties"].(map[string]any); ok {
			if _, ok := p["host1"]; ok {
				return "object: host1, host2"
			}
			if _, ok := p["raw"]; ok {
				return "folder"
			}
		}
		return k
	case []string:
		return strings.Join(k, " or ")
	}
	return ""
}

const preface = `# Events: the lines of --json

` + "`" + `--json FILE` + "`" + ` writes one JSON object a line, in UTF-8, for each thing that happens; ` + "`" + `--json -` + "`" + ` writes them to standard output, which then carries nothing else (the log has the text). Each line of the text is made from one of these events. Every line has these fields:

| field | type | |
|---|---|---|
| ` + "`" + `v` + "`" + ` | 1 | the version of the format. Events and fields may be added under the same version: ignore what you do not know |
| ` + "`" + `seq` + "`" + ` | integer | counts the lines from 1 |
| ` + "`" + `time` + "`" + ` | string | RFC 3339, UTC, milliseconds |
| ` + "`" + `account` + "`" + ` | string | the pair of accounts: ` + "`" + `user1@host1 -> user2@host2` + "`" + ` |
| ` + "`" + `event` + "`" + ` | string | which of the events below |

In a batch each row counts its lines itself, and they have more fields:

| field | type | |
|---|---|---|
| ` + "`" + `row` + "`" + ` | integer | the row of the list, from 1 |
| ` + "`" + `try` + "`" + ` | integer | how often the row was begun, with this time; 0 for what ` + "`" + `--loginsfirst` + "`" + ` and ` + "`" + `--order` + "`" + ` do before anything is copied, of which the ` + "`" + `exit` + "`" + ` says nothing about the row's own run |
| ` + "`" + `only` + "`" + ` | string | what is done in place of copying, by its option: ` + "`" + `justlogin` + "`" + `, ` + "`" + `dry` + "`" + `...; empty for a run that copies |

After them come all fields of the event, also empty ones. In all events:

- ` + "`" + `side` + "`" + ` is 1 for host1, 2 for host2, 0 for neither.
- A *folder* is an object: ` + "`" + `raw` + "`" + ` is the name as the server sends it, ` + "`" + `text` + "`" + ` the name as people write it.
- ` + "`" + `dry` + "`" + ` is true in a rehearsal (` + "`" + `--dry` + "`" + `): nothing was changed.
- ` + "`" + `err` + "`" + ` is the error in words, null for none.
- Fields that end in ` + "`" + `_seconds` + "`" + ` are seconds. Other numbers called ` + "`" + `bytes` + "`" + ` or ` + "`" + `size` + "`" + ` are bytes.

What servers send can hold anything: control characters in it are escaped, and bytes that are not UTF-8 become U+FFFD. Passwords and tokens are in no event.

The last line is ` + "`" + `exit` + "`" + `, with ` + "`" + `code` + "`" + `, ` + "`" + `name` + "`" + `, ` + "`" + `errors` + "`" + `, ` + "`" + `warnings` + "`" + `, ` + "`" + `messages_copied` + "`" + `, ` + "`" + `bytes_copied` + "`" + `, and ` + "`" + `failure` + "`" + ` for a run that could not begin, or a row whose login was refused to another row before. Where 16 MiB wait for a reader of standard output that is too slow, lines are left out; ` + "`" + `lines_lost` + "`" + ` (` + "`" + `v` + "`" + `, ` + "`" + `event` + "`" + `, ` + "`" + `lines` + "`" + `) stands in their place.

[events.schema.json](events.schema.json) is the JSON Schema of a line, with the fields of every object. This page and the schema are made from the types of the events in the program.
`
