package cli

import (
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/plan"
)

var bothAccounts = []string{"--host1", "one.example.org", "--user1", "a", "--password1", "x", "--host2", "two.example.org", "--user2", "b", "--password2", "y"}

func TestVerifyCommand(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want plan.Proof
		bad  string // part of the error, "" for none
	}{
		{"plain", []string{"verify"}, plan.Proof{Depth: plan.DepthFull}, ""},
		{"sizes", []string{"verify", "--verify", "SIZES", "--strict"}, plan.Proof{Depth: plan.DepthSizes, Strict: true}, ""},
		{"sample", []string{"verify", "--verify=sample=0.5%", "--json"}, plan.Proof{Depth: plan.DepthSample, Sample: 0.5, Format: "json"}, ""},
		{"sample without its sign", []string{"verify", "--verify", "sample=3", "--tsv"}, plan.Proof{Depth: plan.DepthSample, Sample: 3, Format: "tsv"}, ""},
		{"certificate", []string{"verify", "--manifest", "f"}, plan.Proof{Depth: plan.DepthFull, Manifest: "f"}, ""},
		{"no depth", []string{"verify", "--verify", "deep"}, plan.Proof{}, `--verify "deep": give sizes`},
		{"an empty one", []string{"verify", "--verify", ""}, plan.Proof{}, `--verify "": give sizes`},
		{"no percentage", []string{"verify", "--verify", "sample=many"}, plan.Proof{}, "is no percentage"},
		{"NaN", []string{"verify", "--verify", "sample=NaN%"}, plan.Proof{}, "is no percentage"},
		{"two forms", []string{"verify", "--tsv", "--json"}, plan.Proof{}, "exclude each other"},
		{"a certificate of sizes", []string{"verify", "--manifest", "f", "--verify", "sizes"}, plan.Proof{}, "needs whole messages"},
		{"both certificates", []string{"verify", "--manifest", "f", "--against", "g"}, plan.Proof{}, "exclude each other"},
		{"a run cut short", []string{"verify", "--justlogin"}, plan.Proof{}, "--justlogin belongs to a run"},
		{"tsv in a run", []string{"--tsv"}, plan.Proof{}, "--tsv belongs to"},
		{"strict in a run", []string{"--strict"}, plan.Proof{}, "Add --verify full"},
		{"against in a run", []string{"--against", "f"}, plan.Proof{}, "--against belongs to"},
		{"at the end of a run", []string{"--verify", "headers"}, plan.Proof{Depth: plan.DepthHeaders}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, out := ParseArgs(append(tc.args, bothAccounts...)...)
			if tc.bad != "" {
				if out == nil || !strings.Contains(out.Stderr, tc.bad) || out.Code != exitUsage {
					t.Fatalf("outcome %+v", out)
				}
				return
			}
			if out != nil {
				t.Fatalf("refused: %s", out.Stderr)
			}
			if p.Proof != tc.want {
				t.Errorf("%+v", p.Proof)
			}
			if (p.Mode == plan.ModeVerify) != (tc.args[0] == "verify") {
				t.Errorf("mode %s", p.Mode)
			}
		})
	}
}

// Months later host1 is gone: host2 alone is enough.
func TestVerifyAgainst(t *testing.T) {
	p, out := ParseArgs("verify", "--against", "f", "--againstflags", "--host2", "two.example.org", "--user2", "b", "--password2", "y")
	if out != nil || p.Proof.Against != "f" || !p.Proof.AgainstFlags || p.Host1.Host != "" {
		t.Fatalf("%+v", out)
	}
	_, out = ParseArgs("verify", "--host2", "two.example.org", "--user2", "b", "--password2", "y")
	if out == nil || !strings.Contains(out.Stderr, "Add --host1 --user1") {
		t.Fatalf("%+v", out)
	}
	p, out = ParseArgs(append([]string{"--dry", "--verify", "full"}, bothAccounts...)...)
	if out != nil || p.Proof.Depth != "" || !strings.Contains(strings.Join(p.Output.Notes, "\n"), "--verify has no effect here") {
		t.Fatalf("%+v", out)
	}
}
