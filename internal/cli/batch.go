package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// Batch is what "imaphaul batch" is to do.
type Batch struct {
	// File is the list of accounts.
	File string
	// Args are the options for all rows, in their whole spelling, with their secrets.
	Args []string
	// Meaning are those of them, without secrets, that say what a run does.
	Meaning []string
	// Plan is what these say of files, log and screen. It has no accounts.
	Plan *plan.Plan
	// Jobs is how many rows run at the same time, 0 for what the machine bears.
	Jobs  int
	Order BatchOrder
	// LoginsFirst: every login is tried before the first message is copied.
	LoginsFirst bool
	// RetryFailed: rows that wait for a person are run as well; Fresh: what earlier
	// calls finished, too.
	RetryFailed, Fresh bool
	// Only and Rows choose rows, by their accounts and by their numbers; nil for all.
	Only *regexp.Regexp
	Rows [][2]int
	// AllowRowCommands: rows may name commands, files to write and any file with a secret.
	AllowRowCommands bool
	// PassfileDirs are directories beside that of the list where the files with the secrets
	// of rows lie.
	PassfileDirs []string
	// Auto: rows get --automap, and what is right for the providers that their hosts are
	// found to be (AutoOptions).
	Auto    bool
	Webhook string
	// Shard is the part of the list that is run; Out is where results, state and logs
	// go, "" for beside the list.
	Shard Shard
	Out   string
	// Hub: the rows are loaded into it, and run by workers; nil: they are run here.
	Hub *HubLoad
}

// BatchOrder is which rows come first.
type BatchOrder string

// The orders.
const (
	OrderFile  BatchOrder = "file"
	OrderSmall BatchOrder = "small"
	OrderLarge BatchOrder = "large"
)

// Options of commands that read a list.
var (
	allowRowCommands = Option{Name: "allowrowcommands", Kind: Flag, Help: "Let rows of the list name commands to run, files to write and any place of a secret. Without it they are refused, since lists come from others."}
	passfileDir      = Option{Name: "passfiledir", Kind: List, Arg: "dir", Help: "A directory below which rows may name files with their passwords, tokens and keys, as below that of the list; repeat for more."}
)

// batchTable are the options of "imaphaul batch" itself.
var batchTable = slices.Concat([]Option{
	{Name: "jobs", Kind: Int, Arg: "n", Auto: "by processors, memory and what the servers bear", Help: "Rows that run at the same time."},
	{Name: "order", Kind: Str, Arg: "file|small|large", Default: "file", Help: "Which rows come first: as in the list, or by the size of the mailbox on host1, which is then counted before."},
	{Name: "loginsfirst", Kind: Flag, Help: "Try every login on both sides before the first message is copied; if one fails, nothing is copied."},
	{Name: "retryfailed", Kind: Flag, Help: "Run again what waits for a person as well, such as a wrong password."},
	{Name: "fresh", Kind: Flag, Help: "Run every row, also those that earlier calls finished. After an interruption the same command without --fresh goes on with the rest."},
	{Name: "only", Kind: Str, Arg: "regex", Help: "Run only rows whose \"user1@host1 -> user2@host2\" matches."},
	{Name: "rows", Kind: Str, Arg: "3-9,12", Help: "Run only rows with these numbers; the first row is 1."},
	allowRowCommands, passfileDir,
	{Name: "webhook", Kind: Str, Arg: "url", Secret: true, Help: "POST a line of JSON there when a row ends and when all have ended: https, or this machine."},
	{Name: "map", Kind: Str, Arg: "from->to", Help: "Presets for all rows: names of --providerN on either side (docs/providers.md), or a kind of server that needs none, as in 'gmail->dovecot'."},
	{Name: "auto", Kind: Flag, Help: "Presets for all rows by what their servers say of themselves before anybody logs in, and --automap."},
	{Name: "shard", Kind: Str, Arg: "i/n", Help: "Run only part i of n of the list, on this machine; every row is in exactly one part. auto takes both figures from a Slurm job array or a Kubernetes Indexed Job (there auto/n, or JOB_COMPLETIONS). See docs/scale-out.md."},
	{Name: "out", Kind: Str, Arg: "dir", Auto: "beside the list", Help: "Directory for the state, the results and, without --logdir, the logs."},
	{Name: "merge", Kind: Flag, Help: "imaphaul batch --merge DIR... makes one result of those that the parts wrote, into --out or the first of them."},
	{Name: "help", Kind: Flag, Help: "Print this text."},
}, hubLoadTable)

// batchVocabulary knows the options of a run and those of the batch. An own one wins
// over what it could abbreviate.
var batchVocabulary = sync.OnceValue(func() *vocabulary { return withOwn(batchTable) })

// BatchUsage is the help of "imaphaul batch".
func BatchUsage(width int) string {
	width = helpWidth(width)
	var b strings.Builder
	b.WriteString("USAGE\n")
	wrapBehind(&b, "  ", "    ", "imaphaul batch LIST [options for all rows]", width)
	b.WriteString("\n")
	wrap(&b, "", "Runs one migration for each row of a list: host1;user1;password1;host2;user2;password2;options as imapsync's loops have them, or columns with commas or tabs under a line of option names. Run it again and it goes on with what is not finished. See docs/batch.md.", width)
	b.WriteString("\nOPTIONS\n")
	for i := range batchTable {
		writeOption(&b, &batchTable[i], width)
	}
	b.WriteString("\n")
	wrap(&b, "", "All options of a run are options for all rows: imaphaul --help lists them.", width)
	return b.String()
}

// batch reads the arguments behind "imaphaul batch".
func batch(in *Input, args []string) *Outcome {
	if len(args) == 0 || len(args) == 1 && (args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
		return &Outcome{Stdout: BatchUsage(in.Width)}
	}
	if args[0] == "--merge" {
		return batchMerge(args[1:])
	}
	if strings.HasPrefix(args[0], "-") {
		return &Outcome{Code: exitUsage, Command: true, Stderr: "Error: batch: the list comes first: imaphaul batch LIST [options].\n"}
	}
	if out := deleteTwo(args); out != nil {
		out.Command = true
		return out
	}
	sc := scan(batchVocabulary(), args[1:], in.hasenv("POSIXLY_CORRECT"))
	if out := misread(sc); out != nil {
		out.Command = true
		return out
	}
	own := newValues(batchTable)
	x := &Batch{File: args[0]}
	var bad problems
	all, notes := in.layers(batchVocabulary(), sc.given, &bad)
	for _, g := range all {
		if g.opt.key() == "config" || g.opt.key() == "profile" {
			continue // what they say is here
		}
		if slices.ContainsFunc(batchTable, func(o Option) bool { return o.Name == g.opt.Name }) {
			if err := own.set(g); err != nil {
				bad.add("%v", err)
			}
			continue
		}
		if why := notForAll(g.opt); why != "" {
			bad.add("--%s with batch: %s", g.opt.Name, why)
		}
		x.Args = append(x.Args, g.arguments()...)
		switch g.opt.Group {
		case GroupConnect, GroupAuth, GroupLimits, GroupJournal, GroupView, GroupOutput, GroupSignals, GroupDebug:
		default:
			if g.opt.Secret {
				g.value = maskedText
			}
			x.Meaning = append(x.Meaning, g.arguments()...)
		}
	}
	if own.flag("help") {
		return &Outcome{Stdout: BatchUsage(in.Width)}
	}
	x.read(own, &bad)
	x.readHub(own, &bad)
	if text := own.str("shard"); own.given("shard") {
		var err error
		if x.Shard, err = parseShard(text, in.getenv); err != nil {
			bad.add("--shard %q: %v.", text, err)
		}
	}
	x.Out = own.str("out")
	if own.given("out") && x.Out == "" {
		bad.add("--out: give a directory.")
	}
	if own.flag("merge") {
		bad.add("--merge stands in place of a list: imaphaul batch --merge DIR... [--out DIR].")
	}
	if bad.any() {
		out := bad.outcome()
		out.Command = true
		return out
	}
	forAll := x.Args
	if x.Hub != nil {
		r := ReadHubRow(x.Args)
		for _, text := range r.Problems {
			bad.add("%s", text)
		}
		forAll = r.Args
	}
	if bad.any() {
		out := bad.outcome()
		out.Command = true
		return out
	}
	p, out := common(*in, forAll)
	if out == nil {
		p.Output.Notes = append(notes, p.Output.Notes...)
	}
	if out != nil {
		out.Command = true
		return out
	}
	p.CommandLine = append([]string{"batch", args[0]}, sc.masked...)
	x.Plan = p
	return &Outcome{Batch: x}
}

// arguments is an option as one argument, or two where the value is empty.
func (g given) arguments() []string {
	switch {
	case g.negated:
		return []string{"--no" + g.opt.Name}
	case !g.opt.Kind.TakesValue():
		return []string{"--" + g.opt.Name}
	case g.opt.Kind == Hash:
		return []string{"--" + g.opt.Name + "=" + g.key + "=" + g.value}
	case g.value == "":
		return []string{"--" + g.opt.Name, ""}
	}
	return []string{"--" + g.opt.Name + "=" + g.value}
}

// read takes the batch's own options.
func (x *Batch) read(v *values, bad *problems) {
	n := v.int("jobs")
	if v.given("jobs") && (n < 1 || n > 1000) {
		bad.add("--jobs %d: give a number from 1 to 1000.", n)
	}
	x.Jobs = int(n)
	x.Order = BatchOrder(strings.ToLower(v.str("order")))
	switch x.Order {
	case OrderFile, OrderSmall, OrderLarge:
	default:
		bad.add("--order %q: give file, small or large.", v.str("order"))
	}
	x.Auto = v.flag("auto")
	x.LoginsFirst, x.RetryFailed, x.Fresh = v.flag("loginsfirst"), v.flag("retryfailed"), v.flag("fresh")
	x.AllowRowCommands = v.flag("allowrowcommands")
	x.PassfileDirs = v.list("passfiledir")
	if text := v.str("only"); text != "" {
		re, err := regexp.Compile(text)
		if err != nil {
			bad.add("--only %q: not a regular expression (%v).", text, err)
		}
		x.Only = re
	}
	if text := v.str("rows"); text != "" {
		rows, err := readRows(text)
		if err != nil {
			bad.add("--rows %q: %v. Give numbers and ranges as in 3-9,12.", text, err)
		}
		x.Rows = rows
	}
	x.Webhook = v.str("webhook")
	if x.Webhook != "" {
		if err := checkWebhook(x.Webhook); err != nil {
			bad.add("--webhook: %v.", err)
		}
	}
	if text := v.str("map"); text != "" {
		presets, err := mapPresets(text)
		if err != nil {
			bad.add("--map %q: %v.", text, err)
		}
		x.Args = append(presets, x.Args...)
		x.Meaning = append(x.Meaning, presets...)
	}
	if x.Auto {
		x.Meaning = append(x.Meaning, "--auto")
	}
}

// readRows reads numbers and ranges.
func readRows(text string) ([][2]int, error) {
	var out [][2]int
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		a, err := strconv.Atoi(from)
		if err != nil || a < 1 {
			return nil, fmt.Errorf("%q is no number of a row", part)
		}
		b, err := strconv.Atoi(to)
		if err != nil || b < a {
			return nil, fmt.Errorf("%q is no range of rows", part)
		}
		out = append(out, [2]int{a, b})
	}
	return out, nil
}

// common is the plan of the options that hold for all rows, without accounts.
func common(in Input, args []string) (*plan.Plan, *Outcome) {
	in.AskSecret = nil
	v := newValues(Table)
	b := &builder{in: &in, v: v, command: plan.ModeBatch}
	for _, g := range scan(tableVocabulary(), args, false).given {
		if err := v.set(g); err != nil {
			b.bad.add("%v", err)
		}
	}
	p := b.build()
	if b.bad.any() {
		return nil, b.bad.outcome()
	}
	return p, nil
}
