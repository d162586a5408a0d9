package cli

import "strings"

const statusUsage = `USAGE
  imaphaul status PID|PIDFILE
  imaphaul status --hub URL [--format text|json|html|metrics]

Prints in five lines where a run is. It sends SIGUSR1 to the process, which prints the same in its own output and log. With --hub it shows the state of all rows of the list (docs/hub.md).
`

// status reads the arguments behind "imaphaul status".
func status(in *Input, args []string) *Outcome {
	if len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "--help" && args[0] != "-h" {
		return statusOfHub(in, args)
	}
	switch {
	case len(args) == 0, len(args) == 1 && (args[0] == "--help" || args[0] == "-h"):
		return commandPage(in, "status")
	case len(args) > 1 || args[0] == "":
		return &Outcome{Code: exitUsage, Stderr: "Error: status: give one process, by its number or its pid file.\n" + laidOut(statusUsage, helpWidth(in.Width)), Command: true}
	}
	return &Outcome{Status: args[0]}
}
