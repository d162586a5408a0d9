package doctor

import (
	"bytes"
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/memnet"
	"github.com/imaphaul/imaphaul/internal/mailtest/models"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/secret"
)

// A transcript that the doctor writes of a provider becomes a row of the models that
// says what the provider said.
func TestTranscriptBecomesARow(t *testing.T) {
	t.Parallel()
	for _, m := range models.All() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			ln := memnet.Listen()
			s := models.Start(m, ln)
			t.Cleanup(s.Close)
			if err := s.AddUser("alice@example.org", "right", "en"); err != nil {
				t.Fatal(err)
			}
			p := &plan.Plan{Host1: plan.Account{
				Host: m.Host, Port: 143, User: "alice@example.org", Password: secret.New("right"), SendID: true, Timeout: 20 * time.Second, SSL: new(bool), StartTLS: new(bool), AllowCleartext: true,
			}}
			r := Run(t.Context(), p, Options{
				Open: opener(func(ctx context.Context, _, _ string) (net.Conn, error) { return ln.Dial(ctx) }), Net: quiet, Version: "test",
			})
			var text bytes.Buffer
			if err := r.WriteTranscript(&text); err != nil {
				t.Fatal(err)
			}
			tr, err := models.ReadTranscript(&text)
			if err != nil {
				t.Fatalf("%v\n%s", err, &text)
			}
			row := tr.Row(m.Name, m.Title, m.Host, "a user", "2026-11")
			mask := newMask(&p.Host1)
			want := [][3]string{
				{"greeting", row.Greeting, mask.text(m.Greeting)}, {"capabilities after the login", words(row.After), words(mask.text(m.After))}, {"separator", row.Sep, m.Sep},
			}
			if strings.Contains(m.After, "NAMESPACE") {
				want = append(want, [3]string{"namespace", row.Namespace, m.Namespace})
			}
			if m.Attributes {
				want = append(want, [3]string{"sent", row.Role("en", `\Sent`), m.Role("en", `\Sent`)}, [3]string{"trash", row.Role("en", `\Trash`), m.Role("en", `\Trash`)})
			}
			for _, c := range want {
				if c[1] != c[2] {
					t.Errorf("%s: %q in the transcript, %q in the model", c[0], c[1], c[2])
				}
			}
			if t.Failed() {
				t.Logf("%s", &text)
			}
		})
	}
}

// words are those of a text in the order of the alphabet.
func words(text string) string {
	return strings.Join(slices.Sorted(slices.Values(strings.Fields(strings.ToUpper(text)))), " ")
}
