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
	if want := 2*len(Events) + 2; n != want {
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
		if name == "" || s > event.SkipNoMail {
			t.Errorf("%d %q", s, name)
		}
	}
	if len(skipNames) != int(event.SkipNoMail)+1 {
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
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", snake(typ.Name()), text(g.Doc, typ.Name()))
		o := objectOf(typ)
		if len(o.fields) == 0 {
			continue
		}
		b.WriteString("\n| field | type | |\n|---|---|---|\n")
		comments := map[string]string{}
		for _, f := range g.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType).Fields.List {
			for _, n := range f.Names {
				comments[n.Name] = strings.TrimSpace(text(f.Doc, "") + " " + text(f.Comment, ""))
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

// text is a comment on one line, beginning with a capital; the type's own name in
// front of it becomes "It".
func text(c *ast.CommentGroup, name string) string {
	s := strings.Join(strings.Fields(c.Text()), " ")
	if rest, ok := strings.CutPrefix(s, name+" "); ok && name != "" {
		return "It " + rest
	}
	return s
}

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

This page is made from the types of the events; [events.schema.json](events.schema.json) is the JSON Schema of a line, made from the same.

` + "`--json FILE`" + ` writes one JSON object a line, in UTF-8, for each thing that happens; ` + "`--json -`" + ` writes them to standard output, which then carries nothing
else (the log has the text). They are the same events that the text is made of. Every line has

| field | type | |
|---|---|---|
| ` + "`v`" + ` | 1 | the version of the lines. Events and fields may be added under the same version: pass over what you do not know |
| ` + "`seq`" + ` | integer | counts the lines from 1 |
| ` + "`time`" + ` | string | RFC 3339, UTC, milliseconds |
| ` + "`account`" + ` | string | the pair of accounts: ` + "`user1@host1 -> user2@host2`" + ` |
| ` + "`event`" + ` | string | which of the events below |

and the fields of its event, all of them, also those that are empty. ` + "`side`" + ` is 1 for host1, 2 for host2, 0 for neither. A *folder* is an object of ` + "`raw`" + `, the name as it
goes over the line, and ` + "`text`" + `, the name as people write it. Fields in ` + "`_seconds`" + ` are times. What host1's and host2's servers send is text of others: control
characters in it are escaped, and what is no UTF-8 becomes U+FFFD. Passwords and tokens are in no event.

The last line is ` + "`exit`" + `, with ` + "`code`, `name`, `errors`, `warnings`, `messages_copied`, `bytes_copied`" + `, and ` + "`failure`" + ` for a run that did not begin. Where a
reader of standard output is so slow that 16 MiB wait for it, lines are left out, and ` + "`lines_lost`" + ` (` + "`v`, `event`, `lines`" + `) stands for them.
`
