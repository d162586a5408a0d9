package cli

import (
	"os"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// commands are the words in front of the options of a run that have something else
// done with its plan.
var commands = map[string]plan.Mode{"verify": plan.ModeVerify, "doctor": plan.ModeDoctor}

// proof reads what is to be verified, at the end of a run or by "imaphaul verify".
func (b *builder) proof() plan.Proof {
	v := b.v
	p := plan.Proof{Strict: v.flag("strict"), Manifest: v.str("manifest"), Against: v.str("against"), AgainstFlags: v.flag("againstflags")}
	verifying := b.command == plan.ModeVerify
	b.depth(&p, verifying)
	inJSON := verifying && v.str("json") != ""
	switch {
	case v.flag("tsv") && inJSON:
		b.bad.add("--tsv and --json exclude each other. Give one of them.")
	case v.flag("tsv"):
		p.Format = "tsv"
	case inJSON:
		p.Format = "json"
	}
	if !verifying {
		for _, name := range []string{"tsv", "against", "againstflags"} {
			if b.v.given(name) {
				b.bad.add("--%s belongs to: imaphaul verify. Put the word verify in front of the options.", name)
			}
		}
		if b.command == plan.ModeDoctor && v.given("verify") {
			b.bad.add("doctor: --verify belongs to a run, or to imaphaul verify. Leave it out.")
		}
		for _, name := range []string{"strict", "manifest"} {
			if p.Depth == "" && v.given(name) {
				b.bad.add("--%s belongs to a verification. Add --verify full.", name)
			}
		}
	}
	if p.AgainstFlags && p.Against == "" {
		b.bad.add("--againstflags belongs to --against. Add --against FILE.")
	}
	if p.Against != "" && p.Manifest != "" {
		b.bad.add("--manifest and --against exclude each other: a certificate is made of both accounts.")
	}
	if _, err := os.Lstat(p.Manifest); p.Manifest != "" && err == nil && !b.in.Row {
		b.bad.add("--manifest %s: the file exists already, and a certificate is not overwritten. Choose another name.", p.Manifest)
	}
	if p.Manifest != "" && p.Depth != plan.DepthFull && p.Depth != "" {
		b.bad.add("--manifest needs whole messages: leave --verify %s out, or give --verify full.", v.str("verify"))
	}
	return p
}

// depth reads --verify.
func (b *builder) depth(p *plan.Proof, verifying bool) {
	word := strings.ToLower(b.v.str("verify"))
	share, isSample := strings.CutPrefix(word, "sample=")
	switch {
	case word == "" && b.v.given("verify"):
		b.bad.add("--verify \"\": give sizes, headers, full or sample=1%%.")
	case word == "" && verifying:
		p.Depth = plan.DepthFull
	case word == "":
	case word == string(plan.DepthSizes), word == string(plan.DepthHeaders), word == string(plan.DepthFull):
		p.Depth = plan.Depth(word)
	case isSample:
		n, err := strconv.ParseFloat(strings.TrimSuffix(share, "%"), 64)
		if err != nil || !(n > 0 && n <= 100) {
			b.bad.add("--verify %q: the sample is no percentage above 0 and up to 100. Give sample=1%%.", b.v.str("verify"))
			return
		}
		p.Depth, p.Sample = plan.DepthSample, n
	default:
		b.bad.add("--verify %q: give sizes, headers, full or sample=1%%.", b.v.str("verify"))
	}
}

// commandMode replaces the mode of a run by that of a command, and says what is
// missing for it.
func (b *builder) commandMode(p *plan.Plan) {
	if b.command == plan.ModeDoctor {
		b.doctorMode(p)
		return
	}
	if b.command != plan.ModeVerify {
		if b.command == "" && p.Proof.Depth != "" && (p.Mode != plan.ModeSync || p.Dry) {
			p.Proof.LeftOut = "--verify has no effect here: nothing is copied that could be verified."
			b.note("%s", p.Proof.LeftOut)
			p.Proof.Depth = ""
		}
		return
	}
	if given := b.short(); given != "" {
		b.bad.add("verify: --%s belongs to a run. Leave it out.", given)
	}
	var missing []string
	for _, option := range p.Missing {
		if p.Proof.Against == "" || strings.HasSuffix(option, "2") {
			missing = append(missing, option)
		}
	}
	if len(missing) > 0 {
		b.bad.add("verify: of which accounts? Add %s.", strings.Join(missing, " "))
	}
	p.Mode, p.Missing = plan.ModeVerify, nil
	if p.Proof.Against != "" {
		p.Host1 = plan.Account{} // host1 may be gone
	}
}

// short is a given option that stops a run early, "" for none.
func (b *builder) short() string {
	for _, name := range []string{"justconnect", "justlogin", "justfolders", "justfolderlists", "justautomap", "justfoldersizes", "justbanner", "printmap", "abort"} {
		if b.v.given(name) && (name == "printmap" || b.v.flag(name)) {
			return name
		}
	}
	return ""
}
