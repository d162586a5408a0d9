package cli

import (
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// Cutover is what "imaphaul cutover" is to look at.
type Cutover struct {
	// Domains are those that were named; without any they come from the users.
	Domains []string
	// List is a list as of a batch, "" for none.
	List string
	// Args are the options of a run, with their secrets; Shown has them without.
	Args, Shown []string
	// Common is the plan of these options without logins, for hosts and users.
	Common *plan.Plan
	// Plan is the run that is rehearsed to see what arrived; nil when nobody logs in.
	Plan *plan.Plan
	// Selectors are of DKIM, Resolver is the name server to ask (host:port), "" for
	// those of this machine.
	Selectors []string
	Resolver  string
	// DNSOnly: nobody logs in.
	DNSOnly bool
	// AllowRowCommands and PassfileDirs are those of a batch, for its list.
	AllowRowCommands bool
	PassfileDirs     []string
	JSON             bool
	Report           string
}

var cutoverTable = []Option{
	{Name: "dnsonly", Kind: Flag, Help: "Ask the DNS alone and log in nowhere."},
	{Name: "dkim", Kind: Str, Arg: "selector,...", Help: "Selectors of DKIM to look for beside the usual ones."},
	{Name: "resolver", Kind: Str, Arg: "address", Auto: "those of this machine", Help: "The name server to ask, as an address with or without a port."},
	allowRowCommands, passfileDir,
	{Name: "json", Kind: Flag, Help: "Print the result as JSON."},
	{Name: "report", Kind: Str, Arg: "file", Help: "Write the result as one HTML page, too."},
	{Name: "help", Kind: Flag, Help: "Print this text."},
}

// cutoverVocabulary knows the options of a run and those of the cutover. An own one
// wins over what it could abbreviate.
var cutoverVocabulary = sync.OnceValue(func() *vocabulary { return withOwn(cutoverTable) })

// withOwn are the options of a run beside a command's own, which win.
func withOwn(table []Option) *vocabulary {
	own := make([]*Option, len(table))
	names := make(map[string]bool)
	for i := range table {
		own[i] = &table[i]
		names[table[i].Name] = true
	}
	v := *tableVocabulary()
	rest := make([]*Option, 0, len(Table))
	for i := range Table {
		if !names[Table[i].key()] {
			rest = append(rest, &Table[i])
		}
	}
	v.theirs, v.ours = newDictionary(rest), newDictionary(own)
	return &v
}

// CutoverUsage is the help of "imaphaul cutover".
func CutoverUsage(width int) string {
	width = helpWidth(width)
	var b strings.Builder
	b.WriteString("USAGE\n")
	wrapBehind(&b, "  ", "      ", "imaphaul cutover [DOMAIN...|LIST] [options of a run]", width)
	b.WriteString("\n")
	wrap(&b, "", "Says how the DNS of a domain is and how it should be when its mailboxes move, what arrived on which side since the last run, and when the old server may be closed. It changes nothing. Without a domain it takes that of the user, with a list those of all rows. See docs/cutover.md.", width)
	b.WriteString("\nOPTIONS\n")
	for i := range cutoverTable {
		writeOption(&b, &cutoverTable[i], width)
	}
	b.WriteString("\nEXAMPLES\n")
	writeCommand(&b, width, "imaphaul cutover example.org", "--host1 imap.old.example.net", "--host2 imap.new.example.net")
	wrapBehind(&b, "  ", "      ", "imaphaul cutover users.csv --dnsonly", width)
	return b.String()
}

// cutover reads the arguments behind "imaphaul cutover".
func cutover(in Input, args []string) *Outcome {
	if len(args) == 0 || len(args) == 1 && (args[0] == "-h" || args[0] == "help") {
		return &Outcome{Stdout: CutoverUsage(in.Width)}
	}
	x := new(Cutover)
	var bad problems
	words := args
	for len(args) > 0 && args[0] != "" && !strings.HasPrefix(args[0], "-") && !strings.HasPrefix(args[0], "+") {
		x.word(args[0], &bad)
		args = args[1:]
	}
	words = words[:len(words)-len(args)]
	refused := func(out *Outcome) *Outcome {
		out.Command = true
		return out
	}
	if out := deleteTwo(args); out != nil {
		return refused(out)
	}
	sc := scan(cutoverVocabulary(), args, in.hasenv("POSIXLY_CORRECT"))
	if out := misread(sc); out != nil {
		return refused(out)
	}
	own := newValues(cutoverTable)
	all, _ := in.layers(cutoverVocabulary(), sc.given, &bad)
	for _, g := range all {
		if g.opt.key() == "config" || g.opt.key() == "profile" {
			continue // what they say is here
		}
		if slices.ContainsFunc(cutoverTable, func(o Option) bool { return o.Name == g.opt.Name }) {
			if err := own.set(g); err != nil {
				bad.add("%v", err)
			}
			continue
		}
		x.Args = append(x.Args, g.arguments()...)
	}
	if own.flag("help") {
		return &Outcome{Stdout: CutoverUsage(in.Width)}
	}
	x.Shown = append(append([]string{"cutover"}, words...), sc.masked...)
	x.read(own, &bad)
	if bad.any() {
		return refused(bad.outcome())
	}
	in.within = "cutover"
	p, out := common(in, x.Args)
	if out != nil {
		return refused(out)
	}
	x.Common = p
	if x.List == "" && len(x.Domains) == 0 {
		x.domainsOfUsers(&bad)
	}
	if p.Host2.Host == "" && x.List == "" {
		bad.add("cutover: where do the mailboxes move? Add --host2.")
	}
	if bad.any() {
		return refused(bad.outcome())
	}
	if x.List == "" && !x.DNSOnly && p.Host1.User != "" && p.Host2.User != "" && p.Host1.Host != "" {
		// The rehearsal: what a run would copy now is what arrived since the last one.
		in.Args = append(slices.Clone(x.Args), "--dry")
		run, out := Parse(in)
		if out != nil {
			return refused(out)
		}
		if early := run.EndsEarly(); early != "" {
			bad.add("cutover: --%s ends a run before it looks for messages, so that nothing is known of what arrived. Leave it out.", early)
			return refused(bad.outcome())
		}
		x.Plan = run
	}
	return &Outcome{Cutover: x}
}

// word takes a domain, or the name of a list.
func (x *Cutover) word(word string, bad *problems) {
	if info, err := os.Stat(word); err == nil && info.Mode().IsRegular() || strings.ContainsAny(word, "/\\") {
		if x.List != "" {
			bad.add("cutover %s: a second list. Give one.", word)
		}
		x.List = word
		return
	}
	domain := strings.ToLower(strings.TrimSuffix(word, "."))
	if at := strings.LastIndexByte(domain, '@'); at >= 0 {
		domain = domain[at+1:]
	}
	if !isDomain(domain) {
		bad.add("cutover %s: neither a domain such as example.org nor a file.", word)
		return
	}
	x.Domains = append(x.Domains, domain)
}

// isDomain reports whether a text can be a domain in the DNS.
func isDomain(text string) bool {
	if len(text) > 253 || !strings.Contains(text, ".") || net.ParseIP(text) != nil {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || strings.ContainsAny(label, " \t\r\n\x00@:%?#,;\\\"'()[]<>") {
			return false
		}
	}
	return true
}

// domainsOfUsers takes the domain of the user on host2, or else of host1.
func (x *Cutover) domainsOfUsers(bad *problems) {
	for _, user := range []string{x.Common.Host2.User, x.Common.Host1.User} {
		if _, domain, ok := strings.Cut(user, "@"); ok && isDomain(domain) {
			x.Domains = []string{strings.ToLower(domain)}
			return
		}
	}
	bad.add("cutover: of which domain? Give one, as in: imaphaul cutover example.org --host1 ... --host2 ...")
}

// read takes the cutover's own options.
func (x *Cutover) read(v *values, bad *problems) {
	x.DNSOnly, x.JSON, x.Report = v.flag("dnsonly"), v.flag("json"), v.str("report")
	x.AllowRowCommands, x.PassfileDirs = v.flag("allowrowcommands"), v.list("passfiledir")
	for s := range strings.SplitSeq(v.str("dkim"), ",") {
		if s = strings.ToLower(strings.TrimSpace(s)); s != "" {
			if !isDomain(s + ".x") {
				bad.add("--dkim %q: not a selector. Give its name, as in --dkim 2026a.", s)
			}
			x.Selectors = append(x.Selectors, s)
		}
	}
	if v.given("report") && x.Report == "" {
		bad.add("--report \"\": no file is named. Give one such as cutover.html.")
	}
	text := v.str("resolver")
	if text == "" {
		if v.given("resolver") {
			bad.add("--resolver \"\": no name server is named. Give its address, as in --resolver 192.0.2.53.")
		}
		return
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), "53"
	}
	if net.ParseIP(host) == nil {
		bad.add("--resolver %s: not an address. Give one such as 192.0.2.53 or 192.0.2.53:5353.", text)
	}
	x.Resolver = net.JoinHostPort(host, port)
}
