package cli

func viewOptions() []Option {
	return rows(GroupView,
		own(Option{Name: "quiet", Kind: Flag, Help: "Print warnings, errors, the verdict and the exit line only; the log has everything."}),
		own(Option{Name: "summary", Kind: Flag, Help: "Print folders and figures, no line for each message; the log has everything."}),
	)
}
