package verify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/imaphaul/imaphaul/internal/mailtest/corpus"
	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
	"github.com/imaphaul/imaphaul/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "a secret that no error may tell"

// serve starts a server with one filled account.
func serve(t *testing.T, box corpus.Mailbox) (*embedded.Server, Account) {
	t.Helper()
	s, err := embedded.Start(embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.AddUser("alice", password); err != nil {
		t.Fatal(err)
	}
	if err := s.Fill("alice", box); err != nil {
		t.Fatal(err)
	}
	return s, Account{Host: s.Host, Port: s.Port, User: "alice", Password: secret.New(password)}
}

func sample(t *testing.T) corpus.Mailbox {
	t.Helper()
	box, err := corpus.Sample()
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestRead(t *testing.T) {
	box := sample(t)
	s, a := serve(t, box)
	trusted := x509.NewCertPool()
	trusted.AddCert(s.Certificate())
	overTLS := a
	overTLS.Port, overTLS.TLS = s.TLSPort, &tls.Config{RootCAs: trusted}
	for name, account := range map[string]Account{"clear": a, "TLS": overTLS} {
		t.Run(name, func(t *testing.T) {
			got, err := Read(t.Context(), account)
			if err != nil {
				t.Fatal(err)
			}
			if got.Count() != box.Count() || got.Bytes() != box.Bytes() || len(got.Folders) != len(box.Folders) {
				t.Errorf("%d messages, %d bytes, %d folders; want %d, %d, %d",
					got.Count(), got.Bytes(), len(got.Folders), box.Count(), box.Bytes(), len(box.Folders))
			}
			for _, f := range box.Folders {
				folder := got.Folders[strings.Join(f.Path, "/")]
				if folder == nil || len(folder.Messages) != len(f.Messages) {
					t.Errorf("folder %q: %v", f.Path, folder)
					continue
				}
				for i, m := range f.Messages {
					g := folder.Messages[i]
					if g.Size != int64(len(m.Body)) || !g.Date.Equal(m.Date) || g.Flags != flags(m.Flags) {
						t.Errorf("folder %q, message %d: %+v", f.Path, i+1, g)
					}
				}
			}
		})
	}
	t.Run("an unknown certificate", func(t *testing.T) {
		overTLS.TLS = &tls.Config{}
		if _, err := Read(t.Context(), overTLS); err == nil {
			t.Error("it was trusted")
		}
	})
	t.Run("a wrong password", func(t *testing.T) {
		a.Password = secret.New("another " + password)
		_, err := Read(t.Context(), a)
		if err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("error %v", err)
		}
	})
}

// Reading leaves no trace: \Seen is not set, nothing is \Recent no more.
func TestReadChangesNothing(t *testing.T) {
	_, a := serve(t, sample(t))
	first, err := Read(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Read(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
}

// A connection that ends at any place is an error: never fewer messages, never
// a shorter one.
func TestReadCut(t *testing.T) {
	s, a := serve(t, sample(t))
	counting, err := proxy.Start(proxy.Options{Target: fmt.Sprintf("%s:%d", s.Host, s.Port), Transcript: true})
	if err != nil {
		t.Fatal(err)
	}
	defer counting.Close()
	a.Port = counting.Port()
	want, err := Read(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	toClient := counting.Transcript(1, proxy.ToClient)
	// The last command is LOGOUT; by then everything is read.
	end := bytes.LastIndex(toClient, []byte("* BYE"))
	for after := 0; after < end; after += 97 {
		p, err := proxy.Start(proxy.Options{Target: fmt.Sprintf("%s:%d", s.Host, s.Port)})
		if err != nil {
			t.Fatal(err)
		}
		p.Add(proxy.Fault{Kind: proxy.Cut, Direction: proxy.ToClient, After: int64(after)})
		a.Port = p.Port()
		got, err := Read(t.Context(), a)
		if err == nil && !cmp.Equal(got, want) {
			t.Errorf("cut after %d bytes: no error, %d messages", after, got.Count())
		}
		p.Close()
	}
}

func TestReadRefused(t *testing.T) {
	s, a := serve(t, sample(t))
	for _, rule := range []meddle.Rule{
		{Action: meddle.Refuse, Match: regexp.MustCompile(`^LIST`), Text: "NO not now"},
		{Action: meddle.Refuse, Match: regexp.MustCompile(`^EXAMINE`), Text: "NO not this one", Skip: 3},
		{Action: meddle.Refuse, Match: regexp.MustCompile(`^UID FETCH`), Text: "NO not these"},
		{Action: meddle.Replace, Match: regexp.MustCompile(`^\* \d+ FETCH .*UID 2\b.*`), Text: "* OK nothing here"},
		{Action: meddle.CutLiteral, Match: regexp.MustCompile(`^\* 2 FETCH`)},
	} {
		front, err := meddle.Start(fmt.Sprintf("%s:%d", s.Host, s.Port), rule)
		if err != nil {
			t.Fatal(err)
		}
		a.Port = front.Port()
		if box, err := Read(t.Context(), a); err == nil {
			t.Errorf("%v: read %d messages without an error", rule.Match, box.Count())
		}
		front.Close()
	}
}

func TestReadCancelled(t *testing.T) {
	s, a := serve(t, sample(t))
	p, err := proxy.Start(proxy.Options{Target: fmt.Sprintf("%s:%d", s.Host, s.Port)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	fault := proxy.Fault{Kind: proxy.Stall, Direction: proxy.ToClient, After: 3000}
	p.Add(fault)
	a.Port = p.Port()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-p.Struck() // in the middle of a body
		cancel()
	}()
	if _, err := Read(ctx, a); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// message is a message of a comparison; id makes the body.
func message(uid imap.UID, id byte, flags string, date time.Time) Message {
	m := Message{UID: uid, Size: 100, Flags: flags, Date: date}
	m.Digest[0] = id
	return m
}

func TestCompare(t *testing.T) {
	day := time.Date(2009, 1, 31, 12, 0, 0, 0, time.UTC)
	elsewhere := day.In(time.FixedZone("", -3*3600))
	later := day.Add(time.Second)
	box := func(folders map[string][]Message) *Mailbox {
		b := &Mailbox{Folders: make(map[string]*Folder)}
		for name, messages := range folders {
			b.Folders[name] = &Folder{Messages: messages}
		}
		return b
	}
	one := []Message{message(1, 1, `\seen`, day)}
	for _, tc := range []struct {
		name string
		a, b map[string][]Message
		r    Rules
		want []string // name, what is equal, what differs
	}{
		{name: "equal, other zone and UID", a: map[string][]Message{"INBOX": one}, b: map[string][]Message{"INBOX": {message(7, 1, `\seen`, elsewhere)}},
			want: []string{"INBOX 1/1+0"}},
		{name: "missing", a: map[string][]Message{"INBOX": one}, b: map[string][]Message{"INBOX": nil},
			want: []string{"INBOX 0/1+0", "UID 1 (100 bytes, 2009-01-31T12:00:00Z) is missing"}},
		{name: "too many", a: map[string][]Message{"INBOX": one}, b: map[string][]Message{"INBOX": {one[0], message(2, 1, `\seen`, day)}},
			want: []string{"INBOX 1/1+0", "UID 2 (100 bytes, 2009-01-31T12:00:00Z) is too many"}},
		{name: "flags", a: map[string][]Message{"INBOX": one}, b: map[string][]Message{"INBOX": {message(4, 1, "", day)}},
			want: []string{"INBOX 0/1+0", `UID 1 came as UID 4 with the flags (), not (\seen)`}},
		{name: "date", a: map[string][]Message{"INBOX": one}, b: map[string][]Message{"INBOX": {message(4, 1, `\seen`, later)}},
			want: []string{"INBOX 0/1+0", "UID 1 came as UID 4 with the date 2009-01-31T12:00:01Z, not 2009-01-31T12:00:00Z"}},
		{name: "body", a: map[string][]Message{"INBOX": one}, b: map[string][]Message{"INBOX": {message(1, 2, `\seen`, day)}},
			want: []string{"INBOX 0/1+0", "UID 1 (100 bytes, 2009-01-31T12:00:00Z) is missing", "UID 1 (100 bytes, 2009-01-31T12:00:00Z) is too many"}},
		{name: "no folder", a: map[string][]Message{"A": one}, b: map[string][]Message{},
			want: []string{"A 0/1+0", "the folder is missing, and with it 1 messages"}},
		{name: "no empty folder", a: map[string][]Message{"A": nil}, b: map[string][]Message{},
			want: []string{"A 0/0+0", "the folder is missing, and with it 0 messages"}},
		{name: "folders that were there", a: map[string][]Message{}, b: map[string][]Message{"A": nil, "B": one},
			want: []string{"A 0/0+0", "B 0/0+0", "UID 1 (100 bytes, 2009-01-31T12:00:00Z) is too many"}},
		{name: "renamed, merged", a: map[string][]Message{"A": one, "B": {message(1, 2, "", day)}}, b: map[string][]Message{"C": {message(1, 2, "", day), message(2, 1, `\seen`, day)}},
			r: Rules{Rename: func(string) string { return "C" }}, want: []string{"C 2/2+0"}},
		{name: "INBOX in any case", a: map[string][]Message{"A": one}, b: map[string][]Message{"INBOX": one},
			r: Rules{Rename: func(string) string { return "Inbox" }}, want: []string{"INBOX 1/1+0"}},
		{name: "duplicates are missing", a: map[string][]Message{"A": {one[0], message(2, 1, "", day)}}, b: map[string][]Message{"A": one},
			want: []string{"A 1/2+0", "UID 2 (100 bytes, 2009-01-31T12:00:00Z) is missing"}},
		{name: "duplicates are left out", a: map[string][]Message{"A": {one[0], message(2, 1, "", day)}}, b: map[string][]Message{"A": one},
			r: Rules{Once: true}, want: []string{"A 1/2+1"}},
		{name: "a duplicate of nothing", a: map[string][]Message{"A": {one[0], message(2, 1, "", day)}}, b: map[string][]Message{"A": nil},
			r: Rules{Once: true}, want: []string{"A 0/2+0", "UID 1 (100 bytes, 2009-01-31T12:00:00Z) is missing", "UID 2 (100 bytes, 2009-01-31T12:00:00Z) is missing"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, c := range Compare(box(tc.a), box(tc.b), tc.r) {
				got = append(got, fmt.Sprintf("%s %d/%d+%d", c.Folder, c.Equal, c.Messages, c.Duplicates))
				got = append(got, c.Differences...)
				if c.OK() != (len(c.Differences) == 0) {
					t.Errorf("%s: OK is %t with %d differences", c.Folder, c.OK(), len(c.Differences))
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Many differences are counted, not listed.
func TestCompareMany(t *testing.T) {
	f := &Folder{}
	for i := range 1000 {
		f.Messages = append(f.Messages, message(imap.UID(i+1), byte(i), fmt.Sprint(i), time.Unix(0, 0)))
	}
	c := Compare(&Mailbox{Folders: map[string]*Folder{"A": f}}, &Mailbox{Folders: map[string]*Folder{"A": {}}}, Rules{})[0]
	if len(c.Differences) != Shown+1 || c.Differences[Shown] != "and 980 more differences" || c.OK() {
		t.Errorf("%d differences, the last is %q", len(c.Differences), c.Differences[len(c.Differences)-1])
	}
}

func TestFlags(t *testing.T) {
	got := flags([]imap.Flag{`\Seen`, `\RECENT`, "$Label1", `\seen`, "$label1"})
	if got != `$label1 \seen` {
		t.Errorf("%q", got)
	}
}

// BenchmarkCompare shows that the time grows with the messages and not faster.
func BenchmarkCompare(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := &Folder{}
			for i := range n {
				m := message(imap.UID(i+1), 0, `\seen`, time.Unix(int64(i), 0))
				m.Digest[1], m.Digest[2], m.Digest[3] = byte(i), byte(i>>8), byte(i>>16)
				f.Messages = append(f.Messages, m)
			}
			box := &Mailbox{Folders: map[string]*Folder{"A": f}}
			b.ReportAllocs()
			for b.Loop() {
				if c := Compare(box, box, Rules{}); !c[0].OK() {
					b.Fatal("a mailbox differs from itself")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/msg")
		})
	}
}
