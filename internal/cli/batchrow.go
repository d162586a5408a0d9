package cli

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// RowOptions are how the rows of a batch are read.
type RowOptions struct {
	// All are the options for all rows.
	All []string
	// Presets come before those, and give way to all others.
	Presets []string
	// AllowCommands lets a row name commands to run, files to write, and any place on this
	// machine as that of its secret.
	AllowCommands bool
	// SecretDirs are where a row may name files with its secrets.
	SecretDirs []string
}

// BatchRow is a row of a batch as read.
type BatchRow struct {
	// Plan is nil when there are Problems, which are complete sentences. Lacks are those of
	// them that say what the row does not tell.
	Plan            *plan.Plan
	Problems, Lacks []string
	// Refused is the plan as far as it could be made of a row without Plan, nil for none. It
	// must not be carried out.
	Refused *plan.Plan
	// Masked is the row itself without secrets, Own are the names of its options.
	Masked, Own []string
}

// ParseRow makes the plan of one row of a batch. in.Args is not looked at.
func ParseRow(in Input, o RowOptions, row []string) BatchRow {
	sc := scan(tableVocabulary(), row, false)
	var problems []string
	for _, w := range sc.warnings {
		problems = append(problems, w+".")
	}
	if len(sc.leftovers) > 0 {
		problems = append(problems, fmt.Sprintf("%s is no option.", strings.Join(sc.leftoversShown, " ")))
	}
	r := BatchRow{Masked: sc.masked}
	readable := sc.given[:0:0]
	var instead []string // of refused secrets: the row does not lack them
	for _, g := range sc.given {
		r.Own = append(r.Own, g.opt.key())
		if why := notInRow(g, &o); why != "" {
			problems = append(problems, fmt.Sprintf("--%s in a row: %s", g.opt.Name, why))
			if key := r.Own[len(r.Own)-1]; provesLogin(key, "1") || provesLogin(key, "2") {
				instead = append(instead, "--password"+key[len(key)-1:]+"=refused")
			}
			continue
		}
		readable = append(readable, g)
	}
	problems = append(problems, o.misled(readable, in.Environ)...)
	if len(problems) > 0 {
		// What else is wrong is told as well, by the options that can be read.
		row = instead
		for _, g := range readable {
			row = append(row, g.arguments()...)
		}
	}
	all, environ := slices.Clone(o.All), in.Environ
	for _, n := range []string{"1", "2"} {
		// What a row says of its login holds, whatever is said for all.
		if slices.ContainsFunc(readable, func(g given) bool { return isCredential(g.opt.key(), n) }) {
			all = withoutCredentials(all, n)
			environ = slices.DeleteFunc(slices.Clone(environ), func(kv string) bool { return strings.HasPrefix(kv, "IMAPSYNC_PASSWORD"+n+"=") })
		}
	}
	in.Args, in.Environ = slices.Concat(o.Presets, all, row), environ
	if len(in.Args) == 0 {
		in.Args = []string{"--"} // nothing is said, which is no call for help
	}
	in.AskSecret, in.Row = nil, true
	if len(problems) > 0 {
		in.FetchSecret = nil // for a row that is not run
	}
	p, out := Parse(in)
	if out != nil {
		r.Refused = out.Refused
		r.Lacks = out.Lacks
		for line := range strings.Lines(out.Stderr + out.Stdout) {
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), "Error: "); ok {
				problems = append(problems, text)
			}
		}
		if len(problems) == 0 {
			problems = []string{strings.TrimSpace(out.Stderr + out.Stdout)}
		}
	}
	r.Problems = problems
	if len(problems) > 0 {
		if r.Refused == nil {
			r.Refused = p
		}
		return r
	}
	r.Plan = p
	return r
}

// withoutCredentials are options without those that say how user N proves to be it; an
// empty value is an argument of its own (given.arguments).
func withoutCredentials(args []string, n string) (out []string) {
	for i := 0; i < len(args); i++ {
		name, _, whole := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !isCredential(strings.ToLower(name), n) {
			out = append(out, args[i])
			continue
		}
		if !whole && i+1 < len(args) && args[i+1] == "" {
			i++
		}
	}
	return out
}

// isCredential reports whether an option says how user N proves to be it.
func isCredential(key, n string) bool {
	name, ok := strings.CutSuffix(key, n)
	return ok && slices.Contains([]string{"password", "passfile", "secret", "oauthaccesstoken", "oauthdirect", "tokenfile"}, name)
}

// Column finds the option that a column of a batch's list is named after.
func Column(name string) (option string, isSwitch, negatable, ok bool) {
	n, ok := tableVocabulary().exact(name)
	if !ok || n.negated {
		switch name {
		case "token1", "token2": // what people call it
			return "oauthaccesstoken" + name[len(name)-1:], false, false, true
		}
		return "", false, false, false
	}
	return n.opt.key(), !n.opt.Kind.TakesValue(), n.opt.Kind == Switch, true
}

// SplitWords takes a text of options apart as a shell would.
func SplitWords(text string) ([]string, error) { return splitWords(text) }

// Options that have no place in a batch at all, with why.
var notInBatch = map[string]string{
	"version": "ask without it: imaphaul --version.", "tests": "it is no migration.", "testslive": "it is no migration.", "testslive6": "it is no migration.",
	"justbanner": "it is no migration.", "abort": "end the batch by a signal.", "abortbyfile": "end the batch by a signal.",
	"tail": "imaphaul status shows where it is.", "printmap": "run one row alone for its table.", "printplan": "run one row alone for its plan.",
	"showpasswords": "passwords are never printed.",
}

// Options of the process, which rows share.
var ofProcess = []string{"pidfile", "pidfilelocking", "json", "metrics", "quiet", "summary", "progress", "sigexit", "sigreconnect", "sigignore", "dockercontext", "follow", "followuntil"}

// Options that run a command or write a file.
var runOrWrite = []string{
	"pipemess", "maxlinelengthcmd", "oauthrefreshcmd1", "oauthrefreshcmd2", "logfile", "logdir", "savedir", "cachedir", "tmpdir", "skippedfile", "manifest", "report",
}

// notForAll says why an option cannot hold for all rows, "" when it can.
func notForAll(o *Option) string {
	if why := notInBatch[o.key()]; why != "" {
		return why
	}
	if o.key() == "logfile" {
		return "all rows would write one file. Give --logdir, or a column logfile."
	}
	return ""
}

// notInRow says why an option cannot stand in a row.
func notInRow(g given, o *RowOptions) string {
	key := g.opt.key()
	switch {
	case notInBatch[key] != "":
		return notInBatch[key]
	case key == "help":
		return "it is no migration."
	case slices.Contains(ofProcess, key):
		return "it belongs to the whole batch. Give it behind the list."
	case key == "config" || key == "profile":
		return "it may name commands. Give it behind the list for all rows."
	case o.AllowCommands:
		return ""
	case slices.Contains(runOrWrite, key):
		return "it runs a command or writes a file, and lists come from others. Give it behind the list for all rows, or allow it with --allowrowcommands."
	case (key == "secret1" || key == "secret2") && strings.HasPrefix(g.value, "cmd:"):
		return "it runs a command, and lists come from others. Allow it with --allowrowcommands."
	}
	return foreignSecret(g, o.SecretDirs)
}

// checkWebhook refuses addresses to which nothing may be sent in the clear.
func checkWebhook(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return fmt.Errorf("not a URL. Give one such as https://hooks.example.org/done")
	}
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return nil
		}
		return fmt.Errorf("http goes in the clear. Give an https URL, or one of this machine")
	}
	return fmt.Errorf("the scheme %q is not known. Give an https URL", u.Scheme)
}

// plainServers are kinds of servers for which nothing has to be set, and words for any.
var plainServers = []string{"dovecot", "cyrus", "courier", "mox", "stalwart", "imap", "other", "any"}

// mapPresets are the options that "from->to" stands for.
func mapPresets(text string) ([]string, error) {
	from, to, ok := strings.Cut(strings.ToLower(strings.ReplaceAll(text, " ", "")), "->")
	if !ok || from == "" || to == "" {
		return nil, fmt.Errorf("give two words with -> between them, as in gmail->dovecot")
	}
	var names [2]string
	for n, word := range []string{from, to} {
		if word == "office" { // as in --office1
			word = "office365"
		}
		k, known := provider.Find(word)
		if !known && !slices.Contains(plainServers, word) {
			return nil, fmt.Errorf("%q is not known. Give one of %s, or %s", word, strings.Join(provider.Names(), ", "), strings.Join(plainServers, ", "))
		}
		names[n] = k.Name
	}
	return providerOptions(names), nil
}

// AutoOptions are the options for a row with --auto, by the names of the providers that
// its hosts are found to be, "" for none.
func AutoOptions(names [2]string) []string {
	return append([]string{"--automap"}, providerOptions(names)...)
}

// providerOptions are the options for two providers, "" for none.
func providerOptions(names [2]string) []string {
	var args []string
	for n, name := range names {
		if name != "" {
			args = append(args, fmt.Sprintf("--provider%d=%s", n+1, name))
		}
	}
	if names[0] == "gmail" && names[1] != "gmail" {
		// Labels of one's own below Gmail's are folders like others elsewhere.
		args = append(args, `--regextrans2=s,^\[(Gmail|Google Mail)\].,,`)
	}
	return args
}
