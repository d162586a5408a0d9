package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/secret"
)

const canary = "c4nary-Pa55"

// holder nests a Secret the ways a plan or an error does.
type holder struct {
	S secret.Secret
	P *secret.Secret
	M map[string]secret.Secret
	L []secret.Secret
	h secret.Secret
}

func TestNoPrinterShowsTheSecret(t *testing.T) {
	s := secret.New(canary)
	h := holder{S: s, P: &s, M: map[string]secret.Secret{"k": s}, L: []secret.Secret{s}, h: s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%20s"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", h)
		fmt.Fprintf(&out, verb+"\n", &h)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "s", s, "h", h)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "s", s, "h", h)
	if err := json.NewEncoder(&out).Encode(h); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { fmt.Fprintln(&out, recover()) }()
		panic(fmt.Errorf("login failed: %v", h))
	}()
	if strings.Contains(out.String(), canary) || strings.Contains(out.String(), fmt.Sprintf("%x", canary)) {
		t.Fatalf("the secret was printed:\n%s", out.String())
	}
	if !strings.Contains(out.String(), secret.Masked) {
		t.Fatal("nothing was masked")
	}
}

func TestRevealGivesTheBytesBack(t *testing.T) {
	for _, text := range []string{"", " blank ", "p\x00w", "Pässwörd", `q"\`} {
		s := secret.New(text)
		if s.Reveal() != text || s.IsSet() != (text != "") {
			t.Errorf("New(%q): Reveal %q, IsSet %v", text, s.Reveal(), s.IsSet())
		}
	}
}
