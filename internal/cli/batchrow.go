package cli

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// RowOptions are how the rows of a batch are read.
type RowOptions struct {
	// All are the options for all rows.
	All []string
	// AllowCommands lets a row name commands to run and files to write.
	AllowCommands bool
}

// ParseRow makes the plan of one row of a batch. masked is the row itself without
// secrets; problems are complete sentences. in.Args is not looked at.
func ParseRow(in Input, o RowOptions, row []string) (p *plan.Plan, masked, problems []string) {
	sc := scan(tableVocabulary(), row, false)
	for _, w := range sc.warnings {
		problems = append(problems, w+".")
	}
	if len(sc.leftovers) > 0 {
		problems = append(problems, fmt.Sprintf("%s is no option.", strings.Join(sc.leftoversShown, " ")))
	}
	for _, g := range sc.given {
		if why := notInRow(g, o.AllowCommands); why != "" {
			problems = append(problems, fmt.Sprintf("--%s in a row: %s", g.opt.Name, why))
		}
	}
	if len(problems) > 0 {
		return nil, sc.masked, problems
	}
	all, environ := slices.Clone(o.All), in.Environ
	for _, n := range []string{"1", "2"} {
		// What a row says of its login holds, whatever is said for all.
		if slices.ContainsFunc(sc.given, func(g given) bool { return isCredential(g.opt.key(), n) }) {
			all = slices.DeleteFunc(all, func(arg string) bool {
				name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
				return isCredential(strings.ToLower(name), n)
			})
			environ = slices.DeleteFunc(slices.Clone(environ), func(kv string) bool { return strings.HasPrefix(kv, "IMAPSYNC_PASSWORD"+n+"=") })
		}
	}
	in.Args, in.Environ = append(all, row...), environ
	in.AskSecret = nil
	p, out := Parse(in)
	if out == nil && len(p.Missing) > 0 {
		return nil, sc.masked, []string{"it lacks " + strings.Join(p.Missing, " ") + "."}
	}
	if out == nil {
		return p, sc.masked, nil
	}
	for line := range strings.Lines(out.Stderr + out.Stdout) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "Error: "); ok {
			problems = append(problems, text)
		}
	}
	if problems == nil {
		problems = []string{strings.TrimSpace(out.Stderr + out.Stdout)}
	}
	return nil, sc.masked, problems
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
	"follow": "a batch ends with its rows. Follow one pair of accounts with imaphaul follow.", "followuntil": "a batch ends with its rows. Follow one pair of accounts with imaphaul follow.",
	"showpasswords": "passwords are never printed.",
}

// Options of the process, which rows share.
var ofProcess = []string{"pidfile", "pidfilelocking", "json", "quiet", "summary", "progress", "sigexit", "sigreconnect", "sigignore", "dockercontext"}

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
func notInRow(g given, allowed bool) string {
	key := g.opt.key()
	switch {
	case notInBatch[key] != "":
		return notInBatch[key]
	case key == "help":
		return "it is no migration."
	case slices.Contains(ofProcess, key):
		return "it belongs to the whole batch. Give it behind the list."
	case allowed:
		return ""
	case slices.Contains(runOrWrite, key):
		return "it runs a command or writes a file, and lists come from others. Give it behind the list for all rows, or allow it with --allowrowcommands."
	case (key == "secret1" || key == "secret2") && strings.HasPrefix(g.value, "cmd:"):
		return "it runs a command, and lists come from others. Allow it with --allowrowcommands."
	}
	return ""
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

// mapPresets are the presets that "from->to" stands for.
func mapPresets(text string) ([]string, error) {
	from, to, ok := strings.Cut(strings.ReplaceAll(text, " ", ""), "->")
	if !ok || from == "" || to == "" {
		return nil, fmt.Errorf("give two words with -> between them, as in gmail->dovecot")
	}
	var args []string
	for n, word := range []string{from, to} {
		switch strings.ToLower(word) {
		case "gmail", "google", "workspace":
			args = append(args, fmt.Sprintf("--gmail%d", n+1))
		case "office", "office365", "microsoft", "microsoft365", "m365":
			args = append(args, fmt.Sprintf("--office%d", n+1))
		case "exchange":
			args = append(args, fmt.Sprintf("--exchange%d", n+1))
		case "domino", "notes":
			args = append(args, fmt.Sprintf("--domino%d", n+1))
		}
	}
	return args, nil
}
