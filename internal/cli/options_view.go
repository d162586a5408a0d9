package cli

func viewOptions() []Option {
	return rows(GroupView,
		own(Option{Name: "quiet", Kind: Flag, Help: "Print warnings, errors, the verdict and the exit line only; the log has everything."}),
		own(Option{Name: "summary", Kind: Flag, Help: "Print folders and figures, no line for each message; the log has everything."}),
		own(Option{Name: "progress", Kind: Switch, Auto: "on", Help: "Show what goes on: two status lines on a terminal; elsewhere a line when nothing was printed for 10 s. Given, it also holds with --quiet, uses the terminal on standard error when standard output is none, and waits 2 s instead of 10."}),
		own(Option{Name: "metrics", Kind: Str, Arg: "host:port", Help: "Serve counters for Prometheus at http://host:port/metrics while the run goes on; without a host, as in :9090, to this machine alone. No label holds a name of a user, a host or a folder."}),
		own(Option{Name: "json", Kind: Str, Arg: "file|-", Help: "Write every event as a line of JSON (docs/events.md); - is standard output, which then carries nothing else. With imaphaul verify, --json alone: print its result as JSON."}),
		own(Option{Name: "report", Kind: Str, Arg: "file", Help: "Write one self-contained page (HTML) of the run, the rehearsal (--dry), the verification or the batch, for people."}),
	)
}
