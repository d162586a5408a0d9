package cli

import (
	"fmt"
	"strings"
)

// Init is what "imaphaul init" is to ask and to write.
type Init struct {
	// File is the file to write.
	File string
	// Addresses are the accounts on host1 and host2 where they were given.
	Addresses [2]string
}

const initUsage = `USAGE
  imaphaul init [ADDRESS1 [ADDRESS2]] [--out FILE]

Asks for both accounts, finds their servers, and writes a file of options (imaphaul.toml) with the commands to run next. It overwrites no file, writes no password, and logs in nowhere. See docs/config.md.
`

// initCommand reads the arguments behind "imaphaul init".
func initCommand(in *Input, args []string) *Outcome {
	refuse := func(format string, a ...any) *Outcome {
		return &Outcome{Code: exitUsage, Command: true, Stderr: "Error: init: " + fmt.Sprintf(format, a...) + "\n"}
	}
	x := &Init{File: "imaphaul.toml"}
	n := 0
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case arg == "" || strings.ContainsFunc(arg, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return refuse("%q is no address.", arg)
		case !strings.HasPrefix(arg, "-"):
			if n == 2 {
				return refuse("%s is a third address. Give that on the old server and that on the new one.", arg)
			}
			x.Addresses[n] = arg
			n++
		case name == "help" || name == "h":
			return commandPage(in, "init")
		case name == "out":
			if !hasValue && len(args) > 0 {
				value, args = args[0], args[1:]
			}
			if value == "" {
				return refuse("--out: no file is named.")
			}
			x.File = value
		default:
			return refuse("%s is no option of it. It knows --out FILE.", arg)
		}
	}
	return &Outcome{Init: x}
}
