package cli

import "strings"

// status reads the arguments behind "imaphaul status".
func status(in *Input, args []string) *Outcome {
	if len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "--help" && args[0] != "-h" {
		return statusOfHub(in, args)
	}
	const usage = "USAGE\n  imaphaul status PID|PIDFILE\n  imaphaul status --hub URL [--format text|json|html|metrics]\n\nSays in five lines where a run is. It sends SIGUSR1 to the process, which says the same in its own output and log. With --hub it says where the rows of all workers are (docs/hub.md).\n"
	switch {
	case len(args) == 0, len(args) == 1 && (args[0] == "--help" || args[0] == "-h"):
		return &Outcome{Stdout: usage}
	case len(args) > 1 || args[0] == "":
		return &Outcome{Code: exitUsage, Stderr: "Error: status: give one process, by its number or its pid file.\n" + usage, Command: true}
	}
	return &Outcome{Status: args[0]}
}
