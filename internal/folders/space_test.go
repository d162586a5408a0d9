package folders

import (
	"strings"
	"testing"
)

// list makes a LIST answer of names; "name \Attr \Attr" carries attributes when
// the blank is followed by a backslash.
func list(delim string, names ...string) []Folder {
	out := make([]Folder, len(names))
	for i, n := range names {
		name, attrs, ok := strings.Cut(n, ` \`)
		out[i] = Folder{Name: name, Delim: delim}
		if ok {
			out[i].Attrs = strings.Fields(`\` + attrs)
		}
	}
	return out
}

func ptr(s string) *string { return &s }

func TestLocate(t *testing.T) {
	personal := func(prefix, sep string) *Namespace {
		return &Namespace{Personal: []NamespaceEntry{{prefix, sep}}}
	}
	for _, c := range []struct {
		name        string
		side        Side
		sep, prefix *string
		want        Space
		warns       bool
	}{
		{
			name: "NAMESPACE",
			side: Side{Folders: list(".", "INBOX", "INBOX.a"), Namespace: personal("INBOX.", ".")},
			want: Space{Sep: ".", Prefix: "INBOX.", Own: ".", GuessSep: ".", GuessPrefix: "INBOX.", FromNamespace: true, NamespaceSep: ".", NamespacePrefix: "INBOX."},
		},
		{
			name: "NAMESPACE without delimiter asks LIST",
			side: Side{Folders: list("", "INBOX"), RootDelim: ".", Namespace: personal("", "")},
			want: Space{Sep: ".", Own: ".", GuessSep: "/", FromNamespace: true, NamespaceSep: "."},
		},
		{
			name: "backslash quoted twice",
			side: Side{Folders: list(`\\`, "INBOX", `a\b`), Namespace: personal("", `\\`)},
			want: Space{Sep: `\`, Own: `\`, GuessSep: `\`, FromNamespace: true, NamespaceSep: `\`},
		},
		{
			name: "NAMESPACE fails: LIST's delimiter, the guessed prefix",
			side: Side{Folders: list(".", "INBOX", "INBOX.a"), Namespace: &Namespace{Failed: true}},
			want: Space{Sep: ".", Prefix: "INBOX.", Own: ".", GuessSep: ".", GuessPrefix: "INBOX."},
		},
		{
			name: "NAMESPACE is NIL NIL NIL",
			side: Side{Folders: list("", "INBOX", "INBOX/a"), Namespace: &Namespace{}},
			want: Space{Sep: "/", Prefix: "INBOX/", Own: "/", GuessSep: "/", GuessPrefix: "INBOX/"},
		},
		{
			name: "a NIL personal namespace has no prefix, the separator is taken from the others",
			side: Side{Folders: list("/", "INBOX", "Public/x"), Namespace: &Namespace{Shared: []NamespaceEntry{{"Public/", "/"}}}},
			want: Space{Sep: "/", Own: "/", GuessSep: "/", FromNamespace: true, NamespaceSep: "/"},
		},
		{
			name: "no NAMESPACE: LIST knows better than counting dots",
			side: Side{Folders: list("/", "INBOX", "v1.2", "v1.3")},
			want: Space{Sep: "/", Own: "/", GuessSep: "."},
		},
		{
			name: "nothing said, nothing to guess",
			side: Side{Folders: list("", "INBOX", "a")},
			want: Space{Sep: "/", Own: "/", GuessSep: "/"},
		},
		{
			name: "a tie is always the same",
			side: Side{Folders: list("", "a.b/c")},
			want: Space{Sep: "/", Own: "/", GuessSep: "/"},
		},
		{
			name: "the options win, and a wrong separator is told",
			side: Side{Folders: list("/", "a/b"), Namespace: personal("", "/")},
			sep:  ptr("."), prefix: ptr("x."),
			want:  Space{Sep: ".", Prefix: "x.", Own: "/", SepGiven: true, PrefixGiven: true, GuessSep: "/", FromNamespace: true, NamespaceSep: "/"},
			warns: true,
		},
		{
			name: "one folder beside INBOX ends the guess of a prefix",
			side: Side{Folders: list("", "INBOX", "INBOX.a", "d")},
			want: Space{Sep: ".", Own: ".", GuessSep: "."},
		},
		{
			name: "the server's spelling of INBOX stays in the prefix",
			side: Side{Folders: list("", "Inbox", "Inbox/a")},
			want: Space{Sep: "/", Prefix: "Inbox/", Own: "/", GuessSep: "/", GuessPrefix: "Inbox/"},
		},
	} {
		got := Locate(c.side, c.sep, c.prefix)
		if (got.Warning != "") != c.warns {
			t.Errorf("%s: warning %q", c.name, got.Warning)
		}
		got.Warning = ""
		if got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, c.want)
		}
	}
}
