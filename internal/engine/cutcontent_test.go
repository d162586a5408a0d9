package engine_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// What was cut on the way stays on host1, in this run and in those that follow; what
// arrived whole goes.
func TestWhatWasCutStaysOnHost1(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		first []string
		stays int // of three: one with a body of 200 bytes, one of 20, one of "secret" alone
	}{
		{"truncmess", []string{"--truncmess", "150"}, 1},
		{"truncmess inside the header", []string{"--truncmess", "30"}, 3},
		{"truncmess that cuts nothing", []string{"--truncmess", "5000"}, 0},
		{"regexmess that shortens the body", []string{"--regexmess", "s/secret//g"}, 1},
		{"regexmess that lengthens it", []string{"--regexmess", "s/secret/secrets/g"}, 0},
		{"regexmess in the header", []string{"--regexmess", "s/^Subject: .*?\\n//m"}, 0},
		{"pipemess", []string{"--pipemess", "head -c 150"}, 1},
		{"maxlinelengthcmd", []string{"--maxlinelength", "100", "--maxlinelengthcmd", "cut -c 1-90"}, 1},
	} {
		for _, journal := range []bool{true, false} {
			t.Run(fmt.Sprint(c.name, journal), func(t *testing.T) {
				a, b := embeddedPair(t)
				for i, body := range []string{strings.Repeat("x", 200), strings.Repeat("y", 20), "secret"} {
					m := dated(fmt.Sprint("mail", i), 300)
					m.Body = append(m.Body[:len(m.Body)-len("Text.\r\n")], body+"\r\n"...)
					put(t, a, "INBOX", m)
				}
				run := append([]string{"--delete1"}, c.first...)
				if !journal {
					run = append(run, "--nousecache")
				}
				out := migrate(t, a, b, run...)
				out.expect(t, 0)
				if got := holds(t, a, "INBOX")["mail"]; got != c.stays || out.stats.RefusedDeletions != int64(c.stays) {
					t.Fatalf("%d stay on host1, want %d; told: %d\n%s", got, c.stays, out.stats.RefusedDeletions, out.text)
				}
				if !journal {
					return
				}
				for _, again := range [][]string{{"--delete1"}, run, {"--delete1", "--useheader", "Message-Id"}} {
					out := migrate(t, a, b, again...)
					out.expect(t, 0)
					if c.stays == 3 && out.stats.Transferred == 3 {
						break // by Message-Id host2 does not have them: they were copied whole
					}
					if got := holds(t, a, "INBOX")["mail"]; got != c.stays || out.stats.Transferred != 0 {
						t.Errorf("%v: %d stay on host1, want %d; %d copied\n%s", again, got, c.stays, out.stats.Transferred, out.text)
					}
				}
			})
		}
	}
}

// host1 says that a message has many more bytes than it sends.
func TestShortBodyStaysOnHost1(t *testing.T) {
	t.Parallel()
	for _, size := range []int{300, 3 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			a, b := embeddedPair(t)
			m := dated("mail0", 300)
			m.Body = append(m.Body, strings.Repeat(strings.Repeat("z", 78)+"\r\n", size/80)...)
			put(t, a, "INBOX", m, dated("whole", 300))
			n := len(m.Body)
			front, _ := meddled(t, a, meddle.Rule{Action: meddle.Replace, Match: regexp.MustCompile(fmt.Sprintf(`RFC822.SIZE %d\b`, n)), Text: fmt.Sprintf("RFC822.SIZE %d", n+n/5+2048)})
			for range 2 {
				out := migrate(t, front, b, "--delete1")
				out.expect(t, 0)
				if got := holds(t, a, "INBOX"); got["mail"] != 1 || got["whole"] != 0 || out.stats.RefusedDeletions != 1 {
					t.Fatalf("host1: %v; told: %d\n%s", got, out.stats.RefusedDeletions, out.text)
				}
			}
		})
	}
}
