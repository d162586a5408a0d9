package imapconn

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/mailtest/scripted"
	"github.com/imaphaul/imaphaul/internal/secret"
)

var update = flag.Bool("update", false, "write the outcomes anew; review them")

const (
	repliesFile  = "../../testdata/golden/server-replies.jsonl"
	outcomesFile = "../../testdata/golden/server-replies-outcome.jsonl"
)

// outcome is what came of a row.
type outcome struct {
	Op   string `json:"op"`
	Case string `json:"case"`
	Got  string `json:"got"`
	// Missing are the UIDs of 1:9 asked for that never came with what was
	// wanted; NoUID counts replies that nothing could be matched to.
	Missing string `json:"missing,omitempty"`
	NoUID   int    `json:"no_uid,omitempty"`
	Error   string `json:"error,omitempty"`
	Alive   bool   `json:"alive"`
}

// outOfStep are the rows after which nobody knows what the server made of what it
// was sent, see step.go.
var outOfStep = map[string]bool{"append: BAD": true, "select: unknown tag response": true}

// TestScriptedReplies plays every reply of the table. The golden file holds the
// outcome of each; this test adds what must hold for all.
func TestScriptedReplies(t *testing.T) {
	rows, err := scripted.Load(repliesFile)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 300 {
		t.Fatalf("%d rows, want 300", len(rows))
	}
	var got []outcome
	for _, row := range rows {
		o := play(t, row, false)
		got = append(got, o)
		if o.Alive && row.Close {
			t.Errorf("%s: alive though the server closed", row.Key())
		}
		if outOfStep[row.Key()] != (!o.Alive && !row.Close && !strings.HasPrefix(row.Greeting, "* BYE")) {
			t.Errorf("%s: alive %v: %s", row.Key(), o.Alive, o.Error)
		}
		if strings.Contains(o.Error, "hangs") {
			t.Errorf("%s: hangs", row.Key())
		}
		if row.Expect != "" {
			reading := strings.ReplaceAll(o.Got, `header="abc"`, `body="abc"(size=3,err=<nil>)`)
			if row.Case == "FLAGS without space after literal" {
				reading = strings.ReplaceAll(reading, ` flags=[\Seen]`, "") // read here, too
			}
			if reading != row.Expect {
				t.Errorf("%s\n got    %s\n expect %s", row.Key(), o.Got, row.Expect)
			}
		}
		if row.Op == "fetchbody" {
			live := play(t, row, true)
			if strings.Contains(live.Got+o.Got, "SHORT") {
				t.Errorf("%s: a short body without an error: %s", row.Key(), live.Got)
			}
			if live.Alive != o.Alive {
				t.Errorf("%s: alive %v when streamed, %v when kept aside", row.Key(), live.Alive, o.Alive)
			}
			if row.Expect != "" && live.Got != o.Got && !strings.Contains(o.Got, "flags=") && !strings.Contains(o.Got, "header=") {
				t.Errorf("%s: streamed\n got  %s\n want %s", row.Key(), live.Got, o.Got)
			}
		}
	}
	if *update {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		for _, o := range got {
			if err := enc.Encode(o); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(outcomesFile, []byte(b.String()), 0o644); err != nil { //nolint:gosec // a golden file
			t.Fatal(err)
		}
		return
	}
	f, err := os.Open(outcomesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var want []outcome
	for dec := json.NewDecoder(f); dec.More(); {
		var o outcome
		if err := dec.Decode(&o); err != nil {
			t.Fatal(err)
		}
		want = append(want, o)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// pipeConfig is a Config whose Dial gives one end of a pipe; serve has the other.
func pipeConfig(serve func(net.Conn)) Config {
	return Config{
		Host: "localhost", Port: 143, Timeout: 10 * time.Second, TagPrefix: "T", Consent: consentTo("INBOX", "Foo", "a b", "Sent"),
		Dial: func(context.Context, string, string) (net.Conn, error) {
			a, b := net.Pipe()
			go serve(b)
			return a, nil
		},
	}
}

// consentTo knows these mailboxes, with the flags that tests use.
func consentTo(mailboxes ...string) *Consent {
	k := new(Consent)
	for _, m := range mailboxes {
		k.opened(m, &SelectData{})
		k.accepted(m, &AppendOptions{Flags: []imap.Flag{"$Forwarded"}})
	}
	return k
}

func play(t *testing.T, row scripted.Row, bodyOnly bool) outcome {
	t.Helper()
	ctx := t.Context()
	o := outcome{Op: row.Op, Case: row.Case}
	done := make(chan struct{})
	cfg := pipeConfig(func(c net.Conn) {
		defer close(done)
		scripted.Serve(c, row)
	})
	c, err := Connect(ctx, cfg)
	if err != nil {
		<-done
		o.Error = family(err)
		return o
	}
	defer func() {
		_ = c.Close()
		<-done
	}()
	o.Got, err = perform(ctx, c, row, bodyOnly, &o)
	if err != nil {
		o.Error = family(err)
	}
	if err := c.Noop(ctx); err == nil {
		o.Alive = true
	} else {
		o.Error += " / " + family(err)
	}
	return o
}

// family names an error by its kind and the server's words.
func family(err error) string {
	var r *Response
	var lost *ConnError
	switch {
	case errors.As(err, &lost):
		if lost.Timeout {
			return "hangs"
		}
		if lost.Bye != nil {
			return "ConnError: " + lost.Bye.Line()
		}
		return "ConnError"
	case errors.As(err, &r):
		return "Response: " + r.Error()
	}
	return "error: " + err.Error()
}

// perform runs the command of the row and writes down its result.
func perform(ctx context.Context, c *Conn, row scripted.Row, bodyOnly bool, o *outcome) (string, error) {
	cr := Credentials{User: "user", Password: secret.New("pass word"), Mech: MechLogin}
	if row.Op == "auth" {
		cr.Mech = "PLAIN"
	}
	err := c.Login(ctx, cr)
	switch row.Op {
	case "greeting", "login", "auth":
		return fmt.Sprintf("greeting=%s caps=%d", c.Greeting().Status, len(c.Caps())), err
	}
	if err != nil {
		return "", err
	}
	switch row.Op {
	case "select":
		d, err := c.Select(ctx, "INBOX", nil)
		if err != nil {
			return "", err
		}
		s := fmt.Sprintf("exists=%d uv=%d un=%d ms=%d flags=%v perm=%v", d.Exists, d.UIDValidity, d.UIDNext, d.HighestModSeq, d.Flags, d.PermanentFlags)
		if len(d.Vanished) > 0 {
			s += " vanished=" + d.Vanished.String()
		}
		return s, nil
	case "list":
		l, err := c.List(ctx, "", "*", nil)
		var parts []string
		for _, d := range l {
			delim := d.Delim
			if delim == "" {
				delim = "\x00"
			}
			s := fmt.Sprintf("%q %q %v", d.Name, delim, d.Attrs)
			if d.OldName != "" {
				s += " was " + d.OldName
			}
			parts = append(parts, s)
		}
		return strings.Join(parts, "; "), err
	case "status":
		d, err := c.Status(ctx, "Foo", imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true})
		msgs := "nil"
		if d.NumMessages != nil {
			msgs = fmt.Sprint(*d.NumMessages)
		}
		return fmt.Sprintf("msgs=%s un=%d uv=%d", msgs, d.UIDNext, d.UIDValidity), err
	case "create":
		return "", c.Create(ctx, "Foo")
	case "noop":
		return "", c.Noop(ctx)
	case "namespace":
		d, err := c.Namespace(ctx)
		return fmt.Sprintf("%q", d), err
	case "id":
		m, err := c.ID(ctx, [2]string{"name", "test"})
		return fmt.Sprintf("%q", m), err
	case "quota":
		q, err := c.GetQuotaRoot(ctx, "INBOX")
		return fmt.Sprintf("%q %+v", roots(q), q), err
	case "append", "appendlit":
		size := 10
		if row.Op == "appendlit" {
			size = 5000
		}
		a, err := c.StartAppend(ctx, "Foo", AppendOptions{Size: int64(size)})
		if err != nil {
			return "", err
		}
		if _, err := io.Copy(a, strings.NewReader(strings.Repeat("x", size))); err != nil {
			return "", err
		}
		d, err := c.WaitAppend(ctx, a)
		var uids []string
		for _, u := range d.UIDs {
			uids = append(uids, fmt.Sprint(u))
		}
		return fmt.Sprintf("uv=%d uid=%s", d.UIDValidity, strings.Join(uids, ",")), err
	}
	if _, err := c.Select(ctx, "INBOX", nil); err != nil {
		return "", err
	}
	switch row.Op {
	case "store":
		d, err := c.UIDStore(ctx, imap.UIDSetNum(1), []imap.Flag{imap.FlagSeen}, StoreOptions{Op: imap.StoreFlagsAdd})
		return fmt.Sprintf("%v", d.Changed), err
	case "expunge":
		err := c.Expunge(ctx)
		return fmt.Sprintf("exists=%d", c.Mailbox().Exists), err
	case "copy":
		d, err := c.UIDCopy(ctx, imap.UIDSetNum(1), "Foo")
		return fmt.Sprintf("%+v", *d), err
	case "search":
		d, err := c.UIDSearchReturn(ctx, "ALL")
		return searched(d), err
	case "esearch":
		d, err := c.UIDSearchReturn(ctx, "ALL", "ALL", "COUNT")
		return searched(d), err
	case "fetch":
		return fetched(ctx, c, o, FetchItems{Flags: true, InternalDate: true, Size: true})
	case "fetchbody":
		items := FetchItems{Flags: true, InternalDate: true, Size: true, Body: true}
		if bodyOnly {
			items = FetchItems{Body: true}
		}
		items.Header = strings.Contains(row.Reply, "[HEADER")
		return fetched(ctx, c, o, items)
	}
	return "", fmt.Errorf("unknown op %q", row.Op)
}

func roots(q []Quota) []string {
	var s []string
	for _, r := range q {
		s = append(s, r.Root)
	}
	return s
}

func searched(d *SearchData) string {
	if d == nil {
		return ""
	}
	return fmt.Sprintf("all=%s count=%d", d.All.String(), d.Count)
}

// fetched fetches UIDs 1 to 9 and writes down every message, in the notation
// of the table, and the accounting behind it.
func fetched(ctx context.Context, c *Conn, o *outcome, items FetchItems) (string, error) {
	f := c.Fetch(items)
	if err := f.Ask(ctx, imap.UIDSet{{Start: 1, Stop: 9}}); err != nil {
		return "", err
	}
	var b strings.Builder
	var first error
	for {
		m, err := f.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return b.String(), err
		}
		b.WriteString(notation(m))
	}
	for _, e := range f.CommandErrs() {
		first = e.Err
	}
	o.Missing, o.NoUID = f.Missing().String(), f.NoUID()
	return b.String(), first
}

func notation(m *Message) string {
	parts := []string{fmt.Sprintf("uid=%d", m.UID)}
	if m.HasBody {
		switch {
		case m.NilBody:
			parts = append(parts, "body=nil")
		case m.Body == nil:
			parts = append(parts, `body=""(size=0,err=<nil>)`)
		default:
			data, err := io.ReadAll(m.Body)
			e := "<nil>"
			if err != nil {
				e = family(err)
			}
			if err == nil && int64(len(data)) != m.Body.Size() {
				e = "SHORT"
			}
			parts = append(parts, fmt.Sprintf("body=%q(size=%d,err=%s)", data, m.Body.Size(), e))
		}
	}
	if m.HasHeader {
		parts = append(parts, fmt.Sprintf("header=%q", m.Header))
	}
	if m.HasInternalDate {
		s := fmt.Sprintf("%q", m.InternalDate)
		if d, err := time.Parse("02-Jan-2006 15:04:05 -0700", m.InternalDate); err == nil {
			s = d.Format(time.RFC3339)
		}
		parts = append(parts, "date="+s)
	}
	if m.HasFlags {
		parts = append(parts, fmt.Sprintf("flags=%v", m.Flags))
	}
	if m.HasSize {
		parts = append(parts, fmt.Sprintf("size=%d", m.Size))
	}
	if m.HasModSeq {
		parts = append(parts, fmt.Sprintf("modseq=%d", m.ModSeq))
	}
	sort.Strings(parts)
	return fmt.Sprintf("[%d %s]", m.Seq, strings.Join(parts, " "))
}
