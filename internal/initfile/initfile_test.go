package initfile

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

func answers(lines ...string) Options {
	return Options{
		Out: new(bytes.Buffer), In: strings.NewReader(strings.Join(lines, "\n") + "\n"),
		Find: func(address string) (Server, bool) {
			return Server{Host: "imap.found.example.org", Port: 993, From: "a test"}, strings.HasSuffix(address, "@example.org")
		},
		Provider: func(host string) (string, bool) {
			if host == "imap.gmail.com" {
				return "gmail", true
			}
			return "", false
		},
	}
}

// What was answered is in the file, whatever characters it has.
func TestFileHoldsTheAnswers(t *testing.T) {
	t.Parallel()
	sides, automap, err := Ask(answers("alice@example.org", "", `a"b\c.pass`, "ann ä", "imap.gmail.com:1993", "y", "y", "no"))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := Write(&file, sides, automap, "my file.toml"); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if _, err := toml.Decode(file.String(), &got); err != nil {
		t.Fatalf("%v\n%s", err, file.String())
	}
	for key, want := range map[string]any{
		"host1": "imap.found.example.org", "port1": int64(993), "user1": "alice@example.org", "passfile1": `a"b\c.pass`,
		"user2": "ann ä", "host2": "imap.gmail.com", "port2": int64(1993), "provider2": "gmail",
	} {
		if got[key] != want {
			t.Errorf("%s: %v, want %v", key, got[key], want)
		}
	}
	if _, there := got["automap"]; there || got["passfile2"] != nil {
		t.Errorf("%v", got)
	}
	if !strings.Contains(file.String(), "#   imaphaul verify --config 'my file.toml'\n") {
		t.Errorf("the commands are not in\n%s", file.String())
	}
	sides, _, err = Ask(answers("a@gmail.invalid", "imap.gmail.com", "y", "no", "app.pass", "b", "h", "", ""))
	if err != nil || sides[0].Provider != "gmail" || sides[0].Token || sides[0].PassFile != "app.pass" {
		t.Errorf("an app password: %v %+v", err, sides[0])
	}
	sides[0].Token, sides[0].User = true, "ann ä"
	commands := strings.Join(Commands(sides, "my file.toml"), "\n")
	for _, want := range []string{"imaphaul login google --user 'ann ä'", "imaphaul doctor --config 'my file.toml'", "--dry", "verify"} {
		if !strings.Contains(commands, want) {
			t.Errorf("%q is not in\n%s", want, commands)
		}
	}
}

// Without an answer nothing is made up.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	for _, lines := range [][]string{{}, {"alice"}, {"alice", "", "", "", "", "", ""}, {"a\x1bb", "a\x1bb", "a\x00b", "\x7f", "\x01", "\x02"}} {
		o := answers(lines...)
		o.In = strings.NewReader(strings.Join(lines, "\n"))
		if _, _, err := Ask(o); !errors.Is(err, ErrUnanswered) {
			t.Errorf("%q: %v", lines, err)
		}
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	for user, want := range map[string]string{"alice@example.org": "alice", "../../x": "_.._x", "": "user", "ann lee": "ann_lee", "-rf": "rf"} {
		if got := fileName(user); got != want {
			t.Errorf("%q: %q, want %q", user, got, want)
		}
	}
}
