package cli

import "strings"

const statusUsage = `USAGE
  imaphaul status PID|PIDFILE
  imaphaul status --hub URL [--format text|json|html|metrics]

Says in five lines where a run is. It sends SIGUSR1 to the process, which says the
same in its own output and log. With --hub it says where the rows of all workers are
(docs/hub.md).
`

// status reads the arguments behind "imaphaul status".
func status(in *Input, args []string) *Outcome {
	if len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "--help" && args[0] != "-h" {
		return statusOfHub(in, args)
	}
	switch {
	case len(args) == 0, len(args) == 1 && (args[0] == "--help" || args[0] == "-h"):
		return &Outcome{Stdout: statusUsage}
	case len(args) > 1 || args[0] == "":
		return &Outcome{Code: exitUsage, Stderr: "Error: status: give one process, by its number or its pid file.\n" + statusUsage, Command: true}
	}
	return &Outcome{Status: args[0]}
}
