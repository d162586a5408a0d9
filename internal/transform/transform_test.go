package transform

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// contains is a stand-in for a compiled --skipmess.
type contains struct {
	sub string
	err error
}

func (c contains) Match(s string, v Vars) (bool, error) {
	sub := c.sub
	for k, x := range v {
		sub = strings.ReplaceAll(sub, "$"+k, x)
	}
	return strings.Contains(s, sub), c.err
}
func (c contains) String() string { return "m/" + c.sub + "/" }

func ptr(n int64) *int64 { return &n }

const sample = "Subject: hello\r\nFrom: x@example.org\r\n\r\nbody line\r\n"

func TestApply(t *testing.T) {
	slow := errors.New("out of time")
	headerless := Meta{Folder1: "INBOX", Folder2: "Box", UID: 12, HeaderLess: true}
	for _, tt := range []struct {
		name string
		p    Pipeline
		m    Meta
		in   string // "" is sample
		want string
		v    Verdict
	}{
		{"nothing", Pipeline{}, Meta{}, "", sample, Verdict{}},
		{"skipmess", Pipeline{SkipMess: []Matcher{contains{sub: "nope"}, contains{sub: "body"}}}, Meta{}, "", "",
			Verdict{Cause: SkippedByRule, Detail: "m/body/", Subject: "hello"}},
		{"skipmess sees the original", Pipeline{SkipMess: []Matcher{contains{sub: "BODY"}}, RegexMess: []Rewriter{replace{old: "body", new: "BODY"}}}, Meta{}, "", strings.ReplaceAll(sample, "body", "BODY"), Verdict{}},
		{"skipmess fails", Pipeline{SkipMess: []Matcher{contains{err: slow}}}, Meta{}, "", "",
			Verdict{Cause: SkipMessFailed, Detail: "out of time", Subject: "hello"}},
		{"regexmess in order", Pipeline{RegexMess: []Rewriter{replace{old: "body", new: "b"}, replace{old: "b line", new: "c"}}}, Meta{}, "", strings.ReplaceAll(sample, "body line", "c"), Verdict{}},
		{"regexmess with names", Pipeline{RegexMess: []Rewriter{replace{old: "body", new: "$user1 $h1_current_folder $h2_current_folder"}}, Vars: Vars{"user1": "u"}}, headerless, "", strings.ReplaceAll(sample, "body", "u INBOX Box"), Verdict{}},
		{"regexmess fails", Pipeline{RegexMess: []Rewriter{replace{err: slow}}}, Meta{}, "", "",
			Verdict{Cause: RegexMessFailed, Detail: "out of time", Subject: "hello"}},
		{"regexmess empties", Pipeline{RegexMess: []Rewriter{replace{old: sample}}}, Meta{}, "", "",
			Verdict{Cause: Emptied, Subject: "hello"}},
		{"disarm after regexmess", Pipeline{Disarm: true, RegexMess: []Rewriter{replace{old: "Subject", new: "Disposition-Notification-To"}}}, Meta{}, "", "X-Disposition-Notification-To" + strings.TrimPrefix(sample, "Subject"), Verdict{}},
		{"pipemess chain", Pipeline{PipeMess: []string{"sed 's/body/two/'", "sed 's/two/three/'"}}, Meta{}, "", strings.ReplaceAll(sample, "body", "three"), Verdict{}},
		{"pipemess is a pipe", Pipeline{PipeMess: []string{"sed 's/body/two/' | sed 's/two/three/'"}}, Meta{}, "", strings.ReplaceAll(sample, "body", "three"), Verdict{}},
		{"pipemess ignores its input", Pipeline{PipeMess: []string{"echo x"}}, Meta{}, strings.Repeat("y", 1<<20), "x\n", Verdict{}},
		{"pipemess notices", Pipeline{PipeMess: []string{"cat; echo careful >&2"}}, Meta{}, "", sample,
			Verdict{Notices: []string{`STDERR of --pipemess "cat; echo careful >&2": careful`}}},
		{"pipemess fails", Pipeline{PipeMess: []string{"cat; echo why >&2; exit 3"}}, Meta{}, "", "",
			Verdict{Cause: PipeMessFailed, Subject: "hello", Detail: `Failure: --pipemess command "cat; echo why >&2; exit 3" ended with "50" characters exit value "3" and STDERR "why"`}},
		{"pipemess prints nothing", Pipeline{PipeMess: []string{"cat > /dev/null"}}, Meta{}, "", "",
			Verdict{Cause: PipeMessFailed, Subject: "hello", Detail: `Failure: --pipemess command "cat > /dev/null" ended with "0" characters exit value "0" and STDERR ""`}},
		{"pipemess is killed", Pipeline{PipeMess: []string{"kill -TERM $$"}}, Meta{}, "", "",
			Verdict{Cause: PipeMessFailed, Subject: "hello", Detail: `Failure: --pipemess command "kill -TERM $$" ended with signal 15 and "0" characters exit value "0" and STDERR ""`}},
		{"addheader", Pipeline{AddHeader: true}, headerless, "", "Message-Id: <12@imapsync>\r\n" + sample, Verdict{}},
		{"addheader not needed", Pipeline{AddHeader: true}, Meta{UID: 12}, "", sample, Verdict{}},
		{"scenario 75", Pipeline{TruncMess: ptr(40000)}, Meta{}, strings.Repeat("a", 100000), strings.Repeat("a", 40000), Verdict{}},
		{"truncmess longer", Pipeline{TruncMess: ptr(1 << 40)}, Meta{}, "", sample, Verdict{}},
		{"truncmess nothing left", Pipeline{TruncMess: ptr(0)}, Meta{}, "", "", Verdict{Cause: Emptied, Subject: "hello"}},
		{"truncmess negative", Pipeline{TruncMess: ptr(-5)}, Meta{}, "", "", Verdict{Cause: Emptied, Subject: "hello"}},
		{"scenario 76", Pipeline{TruncMess: ptr(50), AddHeader: true}, headerless, "", ("Message-Id: <12@imapsync>\r\n" + sample)[:50], Verdict{}},
		{"scenario 55", Pipeline{MaxLineLength: ptr(20)}, Meta{}, "", "",
			Verdict{Cause: LongLine, Subject: "hello", Longest: 21, Limit: 20}},
		{"line as long as allowed", Pipeline{MaxLineLength: ptr(21)}, Meta{}, "", sample, Verdict{Longest: 21}},
		{"lines are those of the result", Pipeline{MaxLineLength: ptr(20), RegexMess: []Rewriter{replace{old: "x@", new: "@"}}}, Meta{}, "", strings.ReplaceAll(sample, "x@", "@"), Verdict{Longest: 20}},
		{"scenario 56", Pipeline{MaxLineLength: ptr(20), MaxLineLengthCmd: "fold -w 10"}, Meta{}, "A: 12345678901234567890\n", "A: 1234567\n8901234567\n890\n", Verdict{Longest: 24, Limit: 20}},
		{"maxlinelengthcmd not needed", Pipeline{MaxLineLength: ptr(100), MaxLineLengthCmd: "exit 1"}, Meta{}, "", sample, Verdict{Longest: 21}},
		{"maxlinelengthcmd fails", Pipeline{MaxLineLength: ptr(20), MaxLineLengthCmd: "exit 1"}, Meta{}, "", "",
			Verdict{Cause: LineCmdFailed, Subject: "hello", Longest: 21, Limit: 20, Detail: `Failure: --maxlinelengthcmd command "exit 1" ended with "0" characters exit value "1" and STDERR ""`}},
		{"scenario 57", Pipeline{MinMaxLineLength: ptr(1000)}, Meta{}, "", "",
			Verdict{Cause: ShortLines, Subject: "hello", Longest: 21, Limit: 1000}},
		{"minmaxlinelength reached", Pipeline{MinMaxLineLength: ptr(20)}, Meta{}, "", sample, Verdict{Longest: 21}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := tt.in
			if in == "" {
				in = sample
			}
			msg := []byte(in)
			out, v, err := tt.p.Apply(t.Context(), tt.m, msg)
			if err != nil {
				t.Fatal(err)
			}
			if string(out) != tt.want || string(msg) != in {
				t.Errorf("got %.200q, want %.200q", out, tt.want)
			}
			if v.Kept() && v.Length != int64(len(out)) {
				t.Errorf("length %d, want %d", v.Length, len(out))
			}
			v.Length = 0
			if d := cmp.Diff(tt.v, v); d != "" {
				t.Errorf("verdict (-want +got):\n%s", d)
			}
		})
	}
}

// What may be streamed gives the same as Apply.
func TestStreamedIsTheSame(t *testing.T) {
	for _, p := range []Pipeline{{}, {AddHeader: true}, {MaxLineLength: ptr(20)}, {MinMaxLineLength: ptr(20)}, {MinMaxLineLength: ptr(21)}, {AddHeader: true, MaxLineLength: ptr(22)}} {
		if p.Active() {
			t.Fatalf("%+v needs the message in memory", p)
		}
		m := Meta{UID: 7, HeaderLess: true}
		out, v, err := p.Apply(t.Context(), m, []byte(sample))
		if err != nil {
			t.Fatal(err)
		}
		streamed := p.Prefix(m) + sample
		var s LineScanner
		s.Write([]byte(streamed))
		got := Verdict{}
		if p.LinesChecked() {
			got = p.LineVerdict(s.Longest())
		}
		if got.Cause != v.Cause || v.Kept() && streamed != string(out) {
			t.Errorf("%+v: streamed %v, applied %v", p, got, v)
		}
	}
	for _, p := range []Pipeline{{Disarm: true}, {TruncMess: ptr(1)}, {PipeMess: []string{"cat"}}, {SkipMess: []Matcher{contains{}}}, {RegexMess: []Rewriter{replace{}}}, {MaxLineLengthCmd: "cat"}} {
		if !p.Active() {
			t.Errorf("%+v may not be streamed", p)
		}
	}
}

func TestVerdictLine(t *testing.T) {
	m := Meta{Folder1: "INBOX", UID: 7, Size: 300, Flags: `\Seen`, Date: "24-Aug-2010 16:00:00 +0200"}
	what := `S[300] F[\Seen] I[24-Aug-2010 16:00:00 +0200]`
	for _, tt := range []struct {
		v    Verdict
		want string
	}{
		{Verdict{}, ""},
		{Verdict{Cause: SkippedByRule, Subject: "s", Length: 299}, `- msg INBOX/7 {299} ` + what + ` (Subject:[s]) skipped by --skipmess`},
		{Verdict{Cause: SkipMessFailed, Length: 299}, `- msg INBOX/7 {299} ` + what + ` could not be skipped by --skipmess option, bad regex`},
		{Verdict{Cause: RegexMessFailed, Length: 299}, `- msg INBOX/7 {299} ` + what + ` could not be transformed by --regexmess`},
		{Verdict{Cause: PipeMessFailed, Length: 299}, `- msg INBOX/7 {299} ` + what + ` could not be successfully transformed by --pipemess option`},
		{Verdict{Cause: LongLine, Subject: "s", Limit: 40}, `- msg INBOX/7 skipped ` + what + ` (Subject:[s]) (line length exceeds maxlinelength 40 bytes)`},
		{Verdict{Cause: ShortLines, Subject: "s", Limit: 40}, `- msg INBOX/7 skipped ` + what + ` (Subject:[s]) (max line length under minmaxlinelength 40 bytes)`},
		{Verdict{Cause: LineCmdFailed, Subject: "s", Length: 299}, `- msg INBOX/7 {299} ` + what + ` (Subject:[s]) could not be successfully transformed by --maxlinelengthcmd option`},
		{Verdict{Cause: Emptied}, ""},
	} {
		if got := tt.v.Line(m); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
		if !tt.v.Kept() && tt.v.Reason() == "" {
			t.Errorf("cause %d has no words", tt.v.Cause)
		}
	}
}

func TestAddedHeaderIsTheOneThatIsHashed(t *testing.T) {
	p := Pipeline{AddHeader: true}
	head := p.Prefix(Meta{UID: 99, HeaderLess: true})
	h := identity.NewHasher(identity.Options{})
	want, _, _ := h.AddedKey(99, 0)
	if got, _, _ := h.FromFields([]byte(head), 0); got != want {
		t.Errorf("%q has key %v, want %v", head, got, want)
	}
}

func TestCommandTimeLimit(t *testing.T) {
	// The command would run for ever, and so would its child, which holds the
	// output open.
	p := Pipeline{PipeMess: []string{"sleep 100000 & sleep 100000"}, CommandTimeout: 50 * time.Millisecond}
	_, v, err := p.Apply(t.Context(), Meta{}, []byte(sample))
	if err != nil || v.Cause != PipeMessFailed || !strings.Contains(v.Detail, "longer than 50ms") {
		t.Errorf("%+v %v", v, err)
	}
}

func TestCancelEndsACommand(t *testing.T) {
	stop := errors.New("the user stops the run")
	ctx, cancel := context.WithCancelCause(t.Context())
	p := Pipeline{
		RegexMess: []Rewriter{cancelling{cancel, stop}},
		PipeMess:  []string{"sleep 100000"},
	}
	out, _, err := p.Apply(ctx, Meta{}, []byte(sample))
	if !errors.Is(err, stop) || out != nil {
		t.Errorf("%q %v", out, err)
	}
}

// cancelling ends the context in the middle of the pipeline.
type cancelling struct {
	cancel context.CancelCauseFunc
	cause  error
}

func (c cancelling) Apply(s string, _ Vars) (string, error) { c.cancel(c.cause); return s, nil }
func (c cancelling) String() string                         { return "cancelling" }

func TestOutputIsCapped(t *testing.T) {
	b := &cappedBuffer{max: 10}
	if n, err := fmt.Fprint(b, "0123456789"); n != 10 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if n, err := fmt.Fprint(b, "x"); n != 0 || !errors.Is(err, errTooMuchOutput) {
		t.Errorf("%d %v", n, err)
	}
	b = &cappedBuffer{max: 10, drop: true}
	if n, err := fmt.Fprint(b, "0123456789xyz"); n != 13 || err != nil || b.buf.String() != "0123456789" {
		t.Errorf("%d %v %q", n, err, b.buf.String())
	}
}

func TestChecks(t *testing.T) {
	slow := errors.New("out of time")
	ctx := t.Context()
	ok := Pipeline{
		SkipMess: []Matcher{contains{sub: "x"}}, RegexMess: []Rewriter{replace{old: "x"}},
		PipeMess: []string{"cat", "sed 's/ /y/'", "grep y"}, MaxLineLengthCmd: "fold -w 9",
	}
	for _, err := range []error{ok.CheckExpressions(), ok.CheckPipeMess(ctx), ok.CheckMaxLineLengthCmd(ctx), (&Pipeline{}).CheckMaxLineLengthCmd(ctx)} {
		if err != nil {
			t.Error(err)
		}
	}
	for name, tt := range map[string]struct {
		err  error
		says []string
	}{
		"skipmess":         {(&Pipeline{SkipMess: []Matcher{contains{sub: "a", err: slow}}}).CheckExpressions(), []string{"--skipmess", "m/a/", "out of time"}},
		"regexmess":        {(&Pipeline{RegexMess: []Rewriter{replace{old: "a", err: slow}}}).CheckExpressions(), []string{"--regexmess", "s/a//g", "out of time"}},
		"pipemess":         {(&Pipeline{PipeMess: []string{"cat", "no-such-command-here"}}).CheckPipeMess(ctx), []string{"--pipemess", "no-such-command-here", `"127"`, "--nopipemesscheck"}},
		"silent pipemess":  {(&Pipeline{PipeMess: []string{"true"}}).CheckPipeMess(ctx), []string{"--pipemess", `"true"`}},
		"maxlinelengthcmd": {(&Pipeline{MaxLineLengthCmd: "false"}).CheckMaxLineLengthCmd(ctx), []string{"--maxlinelengthcmd", `"false"`}},
	} {
		if tt.err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, s := range tt.says {
			if !strings.Contains(tt.err.Error(), s) {
				t.Errorf("%s: %v does not say %s", name, tt.err, s)
			}
		}
	}
}

func BenchmarkApply(b *testing.B) {
	p := Pipeline{RegexMess: []Rewriter{replace{old: "nowhere", new: "x"}}, Disarm: true, MaxLineLength: ptr(1000)}
	msg := benchMessage()
	b.SetBytes(int64(len(msg)))
	b.ReportAllocs()
	for b.Loop() {
		if _, v, err := p.Apply(b.Context(), Meta{}, msg); err != nil || !v.Kept() {
			b.Fatal(v, err)
		}
	}
}
