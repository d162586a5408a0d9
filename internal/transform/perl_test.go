package transform

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

func compile(t *testing.T, kind perlexpr.Kind, text string) *perlexpr.Expr {
	t.Helper()
	e, err := perlexpr.Compile(kind, text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The transformations with real expressions.
func TestScenariosWithExpressions(t *testing.T) {
	const msg = "Subject: hoppla\r\nFrom: x@example.org\r\n\r\nbody \xe9\r\n"
	for _, tt := range []struct {
		name      string
		skip, sub []string
		in, want  string // "" means skipped
	}{
		{"60", []string{`m{.*}ism`}, nil, msg, ""},
		{"61", []string{`m/[\x80-\xff]/`}, nil, msg, ""},
		{"62 other sender", []string{`m{\A(?!.*^From:[^\n]*t\@m\.t)}xms`}, nil, msg, ""},
		{"62 this sender", []string{`m{\A(?!.*^From:[^\n]*x\@example\.org)}xms`}, nil, msg, msg},
		{"64", nil, []string{`s/\157/O/g`, `s/p/Z/g`}, msg, strings.NewReplacer("o", "O", "p", "Z").Replace(msg)},
		{"65", nil, []string{`tr [\x80-\xff] [X]`}, msg, strings.ReplaceAll(msg, "\xe9", "X")},
		{"66", nil, []string{`s{(?<![\n])\z}{\r\n}gxms`}, "a: b\r\n\r\nc", "a: b\r\n\r\nc\r\n"},
		{"67", nil, []string{`s/(\x00)+\Z//g`}, msg + "\x00\x00", msg},
		{"68", nil, []string{`s/\A/X-migrated: 1\n/`}, msg, "X-migrated: 1\n" + msg},
		{"69", nil, []string{`s{\A}{X-Path: $sync->{user1} $sync->{h1_current_folder}\n}`}, msg, "X-Path: u1 INBOX\n" + msg},
		{"71", nil, []string{`s,(.{10}),$1\r\n,g`}, "0123456789012", "0123456789\r\n012"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Pipeline{Vars: Vars{"user1": "u1"}}
			for _, s := range tt.skip {
				p.SkipMess = append(p.SkipMess, compile(t, perlexpr.Skip, s))
			}
			for _, s := range tt.sub {
				p.RegexMess = append(p.RegexMess, compile(t, perlexpr.Mess, s))
			}
			if err := p.CheckExpressions(); err != nil {
				t.Error(err)
			}
			out, v, err := p.Apply(t.Context(), Meta{Folder1: "INBOX"}, []byte(tt.in))
			if err != nil || string(out) != tt.want || v.Kept() != (tt.want != "") {
				t.Errorf("got %q %+v %v, want %q", out, v, err, tt.want)
			}
		})
	}
}

func TestFlagScenariosWithExpressions(t *testing.T) {
	for _, tt := range []struct {
		name string
		subs []string
		src  string
		want string
	}{
		{"86", []string{`s/\\Answered/\$Forwarded/g`}, `\Answered \Seen`, `$Forwarded \Seen`},
		{"87 set", []string{`s,\\Seen,,`, `s,,\\Seen ,`}, `\Seen Work`, `\Seen Work`},
		{"87 unset", []string{`s,\\Seen,,`, `s,,\\Seen ,`}, `Work`, `\Seen Work`},
		{"90", []string{`s/.*/PasGlop \\PasGlopRe/`}, `Work`, `PasGlop \PasGlopRe`},
		{"exchange2", []string{`s/\\Flagged//g`}, `\Flagged \Seen`, `\Seen`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := FlagRules{FlagsCase: true}
			for _, s := range tt.subs {
				r.RegexFlag = append(r.RegexFlag, compile(t, perlexpr.Flag, s))
			}
			got, err := r.Apply(flagList(tt.src), nil, false)
			if flagText(got) != tt.want || err != nil {
				t.Errorf("(%s) %v, want (%s)", flagText(got), err, tt.want)
			}
		})
	}
}
