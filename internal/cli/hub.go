package cli

import (
	"slices"
	"strings"
	"sync"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// HubAddress is how a hub is reached (docs/hub.md).
type HubAddress struct{ URL, TokenFile, NKeyFile, CAFile string }

// HubLoad is what "imaphaul batch LIST --hub URL" has beside a batch.
type HubLoad struct {
	HubAddress
	// Replicas is how many servers of a cluster keep everything.
	Replicas int
	// Most is how many connections all workers together may have with either host, 0
	// for any number.
	Most [2]int
}

// Worker is what "imaphaul worker" is to do.
type Worker struct {
	HubAddress
	// Args are the options for all rows that the machine says.
	Args []string
	Plan *plan.Plan
	Jobs int
	// Secrets is the file of secrets, "" for none; Out the worker's own directory, "" for
	// the usual one.
	Secrets, Out string
	// Lease is how many seconds the hub keeps a lease of a silent worker.
	Lease      int
	UntilEmpty bool
}

// HubStatus is what "imaphaul status --hub" is to show.
type HubStatus struct {
	HubAddress
	// Format is text, json, html or metrics.
	Format string
}

// hubAddressTable are the options by which a hub is reached.
var hubAddressTable = []Option{
	{Name: "hub", Kind: Str, Arg: "url", Help: "The hub: tls://host:port, or nats://127.0.0.1:port on its own machine; several servers of a cluster with commas."},
	{Name: "hubtokenfile", Kind: Str, Arg: "file", Help: "File whose first line is the token of the hub."},
	{Name: "hubnkeyfile", Kind: Str, Arg: "file", Help: "File with the seed of an nkey that the hub knows."},
	{Name: "hubca", Kind: Str, Arg: "file", Auto: "the system's", Help: "PEM file of the authorities to trust for the hub."},
}

// hubLoadTable are the options of a batch that only loads its rows into a hub.
var hubLoadTable = slices.Concat(hubAddressTable, []Option{
	{Name: "hubreplicas", Kind: Int, Default: "1", Arg: "n", Help: "With --hub: how many servers of a cluster keep everything; it counts when the first list is loaded."},
	{Name: "hostconnections1", Kind: Int, Arg: "n", Auto: "any number", Help: "With --hub: connections that all workers together may have with host1."},
	{Name: "hostconnections2", Kind: Int, Arg: "n", Auto: "any number", Help: "With --hub: connections that all workers together may have with host2."},
})

// workerTable are the options of "imaphaul worker" itself.
var workerTable = slices.Concat(hubAddressTable, []Option{
	{Name: "jobs", Kind: Int, Default: "4", Arg: "n", Help: "Rows that run at the same time."},
	{Name: "secrets", Kind: Str, Arg: "file", Help: "File with a line for each secret that rows name: NAME HOST OPTION=VALUE. A row's secret is sent to that host only."},
	{Name: "out", Kind: Str, Arg: "dir", Auto: "worker in the directory of the journals", Help: "The worker's own directory: its name, journals and, without --logdir, logs. Two workers need two."},
	{Name: "lease", Kind: Int, Default: "30", Arg: "seconds", Help: "How long the hub keeps the lease of a worker that is silent; another one takes over a third later."},
	{Name: "untilempty", Kind: Flag, Help: "End when there is no row any more, also none that waits."},
	{Name: "help", Kind: Flag, Help: "Print this text."},
})

var workerVocabulary = sync.OnceValue(func() *vocabulary { return withOwn(workerTable) })

const hubUsage = `USAGE
  imaphaul hub --listen HOST:PORT --store DIR [options]

Serves what workers on several machines share: the queue of rows, the leases, the results. It is a separate program, imaphaul-hub, which has to be in the directory of imaphaul or in PATH. If it is there, imaphaul hub --help lists its options. See docs/hub.md.
`

// WorkerUsage is the help of "imaphaul worker".
func WorkerUsage(width int) string {
	width = helpWidth(width)
	var b strings.Builder
	b.WriteString("USAGE\n")
	wrapBehind(&b, "  ", "    ", "imaphaul worker --hub URL [--jobs N] [--secrets FILE] [options for all rows]", width)
	b.WriteString("\n")
	wrap(&b, "", "Runs rows that \"imaphaul batch LIST --hub URL\" has loaded, together with other workers, until a signal. See docs/hub.md.", width)
	b.WriteString("\nOPTIONS\n")
	for i := range workerTable {
		writeOption(&b, &workerTable[i], width)
	}
	b.WriteString("\n")
	wrap(&b, "", "All options of a run are options for all rows, but for those that name accounts and passwords. What rows may not say (TLS, proxies, commands, files) stands here.", width)
	return b.String()
}

// worker reads the arguments behind "imaphaul worker".
func worker(in *Input, args []string) *Outcome {
	if len(args) == 0 || len(args) == 1 && (args[0] == "-h" || args[0] == "help") {
		return &Outcome{Stdout: WorkerUsage(in.Width)}
	}
	sc := scan(workerVocabulary(), args, in.hasenv("POSIXLY_CORRECT"))
	if out := misread(sc); out != nil {
		out.Command = true
		return out
	}
	own := newValues(workerTable)
	x := new(Worker)
	var bad problems
	for _, g := range sc.given {
		if isOwn(workerTable, g) {
			if err := own.set(g); err != nil {
				bad.add("%v", err)
			}
			continue
		}
		if why := notForWorker(g.opt); why != "" {
			bad.add("--%s with worker: %s", g.opt.key(), why)
		}
		x.Args = append(x.Args, g.arguments()...)
	}
	if own.flag("help") {
		return &Outcome{Stdout: WorkerUsage(in.Width)}
	}
	x.HubAddress = hubAddress(own)
	if x.URL == "" {
		bad.add("worker: which hub? Give --hub URL.")
	}
	x.Jobs = int(own.int("jobs"))
	if x.Jobs < 1 || x.Jobs > 1000 {
		bad.add("--jobs %d: give a number from 1 to 1000.", x.Jobs)
	}
	x.Lease = int(own.int("lease"))
	if x.Lease < 3 || x.Lease > 60 {
		bad.add("--lease %d: give 3 to 60 seconds.", x.Lease)
	}
	x.Secrets, x.Out, x.UntilEmpty = own.str("secrets"), own.str("out"), own.flag("untilempty")
	if bad.any() {
		out := bad.outcome()
		out.Command = true
		return out
	}
	p, out := common(*in, x.Args)
	if out != nil {
		out.Command = true
		return out
	}
	p.CommandLine = append([]string{"worker"}, sc.masked...)
	x.Plan = p
	return &Outcome{Worker: x}
}

func isOwn(table []Option, g given) bool {
	return slices.ContainsFunc(table, func(o Option) bool { return o.Name == g.opt.Name })
}

func hubAddress(v *values) HubAddress {
	return HubAddress{URL: v.str("hub"), TokenFile: v.str("hubtokenfile"), NKeyFile: v.str("hubnkeyfile"), CAFile: v.str("hubca")}
}

// notForWorker says why an option cannot hold for all rows of a worker, "" when it can.
func notForWorker(o *Option) string {
	if why := notForAll(o); why != "" {
		return why
	}
	key := o.key()
	base := strings.TrimRight(key, "12")
	switch {
	case base == "host" || base == "user":
		return "rows name the accounts."
	case base != key && ofLogin(base):
		return "it would be sent to whatever host a row names. Put it into the file of --secrets, with its host."
	case slices.Contains([]string{"json", "metrics", "report", "cachedir", "dry", "dry1", "manifest", "skippedfile", "cacheshared", "config", "profile"}, key):
		return "a worker does not know it."
	}
	return ""
}

// secretOptions are those that a line of --secrets may set, without the side.
var secretOptions = []string{
	"password", "passfile", "secret", "oauthaccesstoken", "oauthrefreshcmd", "tokenfile", "oauthhost", "googlekey", "msclientid", "mstenant", "mssecretfile", "mscertfile", "mskeyfile",
	"oauthclientid", "oauthsecretfile", "oauthtokenurl", "oauthscope", "oauthdirect",
}

func ofLogin(base string) bool { return slices.Contains(secretOptions, base) }

// OfLogin reports whether a line of --secrets may set an option, named without the
// side.
func OfLogin(base string) bool { return ofLogin(base) }

// statusOfHub reads the arguments of "imaphaul status" where they name a hub.
func statusOfHub(in *Input, args []string) *Outcome {
	table := append(slices.Clone(hubAddressTable), Option{Name: "format", Kind: Str, Arg: "text|json|html|metrics", Default: "text"})
	v := &vocabulary{ours: newDictionary(pointers(table)), theirs: newDictionary(nil)}
	sc := scan(v, args, in.hasenv("POSIXLY_CORRECT"))
	if out := misread(sc); out != nil {
		out.Command = true
		return out
	}
	own := newValues(table)
	var bad problems
	for _, g := range sc.given {
		if err := own.set(g); err != nil {
			bad.add("%v", err)
		}
	}
	x := &HubStatus{HubAddress: hubAddress(own), Format: strings.ToLower(own.str("format"))}
	if x.URL == "" {
		bad.add("status: which hub? Give --hub URL.")
	}
	if !slices.Contains([]string{"text", "json", "html", "metrics"}, x.Format) {
		bad.add("--format %q: give text, json, html or metrics.", own.str("format"))
	}
	if bad.any() {
		out := bad.outcome()
		out.Command = true
		return out
	}
	return &Outcome{HubStatus: x}
}

func pointers(table []Option) []*Option {
	out := make([]*Option, len(table))
	for i := range table {
		out[i] = &table[i]
	}
	return out
}

// readHub takes what a batch has for a hub; nil for a batch of this machine.
func (x *Batch) readHub(v *values, bad *problems) {
	if v.str("hub") == "" {
		for i := range hubLoadTable {
			if name := hubLoadTable[i].Name; v.given(name) {
				bad.add("--%s belongs to --hub URL.", name)
			}
		}
		return
	}
	h := &HubLoad{HubAddress: hubAddress(v), Replicas: int(v.int("hubreplicas"))}
	if h.Replicas < 1 || h.Replicas > 5 {
		bad.add("--hubreplicas %d: give 1 to 5.", h.Replicas)
	}
	for i, name := range []string{"hostconnections1", "hostconnections2"} {
		if n := v.int(name); v.given(name) && (n < 1 || n > 100_000) {
			bad.add("--%s %d: give 1 to 100000.", name, n)
		} else {
			h.Most[i] = int(n)
		}
	}
	for _, name := range []string{"jobs", "order", "loginsfirst", "webhook", "shard", "out", "auto", "allowrowcommands", "passfiledir"} {
		if v.given(name) {
			bad.add("--%s with --hub: a list is only loaded, and workers run it. Leave it out.", name)
		}
	}
	x.Hub = h
}
