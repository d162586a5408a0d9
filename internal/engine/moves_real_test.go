package engine_test

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest"
)

// Each real server tells enough of what was moved on it, and each moves it on host2:
// nothing is sent again.
func TestMovedOnRealServers(t *testing.T) {
	t.Parallel()
	for _, kind := range mailtest.Kinds(t, mailtest.RealKinds()...) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Real(t, kind)
			a, b := newAccount(t, s), newAccount(t, s)
			put(t, a, "A", mails("a", 6, 200)...)
			put(t, a, "B", mails("b", 4, 300)...)
			migrate(t, a, b, "--delete2").expect(t, 0)
			one, two := `"`+s.FolderName([]string{"A"})+`"`, `"`+s.FolderName([]string{"B"})+`"`
			say := []string{"SELECT " + one, `UID STORE 2 +FLAGS (\Flagged)`, "UID COPY 2:3 " + two, `UID STORE 2:3 +FLAGS (\Deleted)`, "EXPUNGE"}
			mailtest.Say(t, s, a.user, say...)
			out := migrate(t, a, b, "--delete2")
			out.expect(t, 0)
			same(t, a, b)
			if out.sent("APPEND") != 0 || out.sent("MOVE")+out.sent("COPY") != 1 {
				t.Errorf("%v\n%s", out.fin.CommandNames[2], out.text)
			}
		})
	}
}
