package engine_test

import (
	"fmt"
	"testing"
)

// Two names of host2 are one mailbox: what is surplus under one of them is what another
// folder of host1 has under the other, and stays, whatever asks for its deletion.
func TestTwoNamesOfOneStore(t *testing.T) {
	t.Parallel()
	everything := []string{"--delete2newmail", "--delete2max", "100%", "--nofoldersizes"}
	for _, c := range []struct {
		name    string
		first   bool // there is a run without these options before
		options []string
	}{
		{"mirror", true, []string{"--delete2"}},
		{"mirror at once", false, []string{"--delete2"}},
		{"without a journal", true, []string{"--delete2", "--nousecache"}},
		{"quarantine", true, []string{"--delete2", "--quarantine2", "Q"}},
		{"duplicates", true, []string{"--delete2duplicates", "--syncduplicates"}},
		{"folders", true, []string{"--delete2folders", "--folder", "Sent", "--nousecache"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := embeddedPair(t)
			put(t, a, "Gesendet", append(mails("g", 3, 200), mails("both", 1, 200)...)...)
			put(t, a, "Sent", append(mails("s", 2, 200), mails("both", 1, 200)...)...)
			put(t, b, "Sent")
			put(t, b, "Gesendet")
			front := underTwoNames(t, b)
			if c.first {
				migrate(t, a, front).expect(t, 0)
			}
			for range 3 {
				out := migrate(t, a, front, append(everything, c.options...)...)
				if out.code() != 0 {
					t.Fatalf("exit %d\n%s", out.code(), out.text)
				}
				got := holds(t, b, "Sent")
				if got["g"] != 3 || got["s"] != 2 || got["both"] == 0 {
					t.Fatalf("%v\n%s", fmt.Sprint(got), out.text)
				}
			}
		})
	}
}
