package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/meddle"
)

// What no run depends on ends none: a server that closes the connection over ID or the
// quota, or says OK to COMPRESS and goes on in plain text, is connected to again without.
func TestNothingDependsOnExtras(t *testing.T) {
	t.Parallel()
	offer := rule(meddle.Replace, `IMAP4rev1`, "IMAP4rev1 ID QUOTA COMPRESS=DEFLATE")
	for name, r := range map[string]meddle.Rule{
		"cut at ID":           rule(meddle.CutBefore, `^ID `, ""),
		"BYE at ID":           rule(meddle.Refuse, `^ID `, "* BYE no\r\nOK"),
		"cut at GETQUOTAROOT": rule(meddle.CutBefore, `^GETQUOTAROOT`, ""),
		"cut at NAMESPACE":    rule(meddle.CutBefore, `^NAMESPACE`, ""),
		"BYE at each STATUS":  rule(meddle.Refuse, `^STATUS`, "* BYE no\r\nOK"),
		"plain text":          rule(meddle.Refuse, `^COMPRESS`, "OK now"),
	} {
		for side := 1; side <= 2; side++ {
			t.Run(fmt.Sprintf("%s, host%d", name, side), func(t *testing.T) {
				t.Parallel()
				ends := [3]account{}
				ends[1], ends[2] = pairOf(t, 6, 1)
				whole := ends
				var front *meddle.Front
				ends[side], front = meddled(t, ends[side], offer, r)
				options := []string{"--nousecache", "--timeout1", "1", "--timeout2", "1"}
				if strings.HasSuffix(name, "STATUS") {
					options = append(options, fmt.Sprintf("--disablecap%d", side), "LIST-STATUS")
				}
				if name == "plain text" {
					options = append(options, fmt.Sprintf("--compress%d", side))
				}
				out := attempt(t, ends[1], ends[2], options...)
				out.expect(t, 0)
				same(t, whole[1], whole[2])
				if asked := strings.Count(strings.Join(front.Said(), "\n"), "GETQUOTAROOT"); asked > 1 {
					t.Errorf("the quota was asked for %d times", asked)
				}
				if asked := strings.Count(strings.Join(front.Said(), "\n"), "STATUS "); strings.HasSuffix(name, "STATUS") && (asked == 0 || asked > 40) {
					t.Errorf("STATUS was asked for %d times", asked)
				}
			})
		}
	}
}
