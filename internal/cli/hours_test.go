package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// What is not held to --between says so; what is, does not.
func TestWhoIsHeldToHours(t *testing.T) {
	list := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(list, []byte("user1,user2\nann@example.org,ann@example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	accounts := []string{"--host1", "a.example.org", "--host2", "b.example.org", "--between", "23:10-04:20"}
	users := append(accounts[:len(accounts):len(accounts)], "--user1", "ann@example.org", "--password1", "x", "--user2", "ann@example.org", "--password2", "y")
	plans := func(p *plan.Plan, out *Outcome) []*plan.Plan {
		switch {
		case out == nil:
			return []*plan.Plan{p}
		case out.Undo != nil:
			return []*plan.Plan{out.Undo.Plan}
		case out.Batch != nil:
			return []*plan.Plan{out.Batch.Plan}
		case out.Cutover != nil && out.Cutover.Plan == nil:
			return []*plan.Plan{out.Cutover.Common}
		case out.Cutover != nil:
			return []*plan.Plan{out.Cutover.Common, out.Cutover.Plan}
		}
		t.Fatal(out.Code, out.Stdout, out.Stderr)
		return nil
	}
	for _, tc := range []struct {
		before, args []string
		held         bool
		says         string
	}{
		{nil, users, true, ""},
		{[]string{"follow"}, users, true, ""},
		{[]string{"batch", list}, accounts, true, ""},
		{[]string{"--dry"}, users, false, "--dry is not held to --between 23:10-04:20"},
		{[]string{"verify"}, users, false, "imaphaul verify is not held to --between 23:10-04:20"},
		{[]string{"doctor"}, users, false, "imaphaul doctor is not held to --between 23:10-04:20"},
		{[]string{"undo", "--run", "2"}, users, false, "imaphaul undo is not held to --between 23:10-04:20"},
		{[]string{"undo", "--run", "2", "--yes"}, users, false, "imaphaul undo is not held to --between 23:10-04:20"},
		{[]string{"cutover", "example.org"}, users, false, "imaphaul cutover is not held to --between 23:10-04:20"},
		{[]string{"cutover", list}, accounts, false, "imaphaul cutover is not held to --between 23:10-04:20"},
	} {
		for _, p := range plans(ParseArgs(append(tc.before, tc.args...)...)) {
			told := strings.Join(p.Output.Notes, "\n")
			if held := p.Limits.Between != nil; held != tc.held || !strings.Contains(told, tc.says) || tc.held && strings.Contains(told, "not held") {
				t.Errorf("%v: held %v, told %q", tc.before, held, told)
			}
		}
	}
}
