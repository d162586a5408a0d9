package cli

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// bareJSON gives --json its value where it stands alone: "imaphaul verify" prints its
// result, and needs no file for it.
func bareJSON(args []string) []string {
	args = slices.Clone(args)
	for i, a := range args {
		if strings.TrimLeft(a, "-") == "json" && strings.HasPrefix(a, "-") && (i+1 == len(args) || args[i+1] != "-") {
			args[i] = "--json=-"
		}
	}
	return args
}

// view is what is shown of the run, and to whom.
func (b *builder) view() plan.View {
	var w plan.View
	switch quiet, summary := b.v.flag("quiet"), b.v.flag("summary"); {
	case quiet && summary:
		b.bad.add("--quiet and --summary: each says how much is printed. Drop one of them.")
	case quiet:
		w.Detail = plan.DetailQuiet
	case summary:
		w.Detail = plan.DetailSummary
	}
	if b.v.given("progress") {
		on := b.v.flag("progress")
		w.Progress = &on
	}
	if b.command != "" && b.command != plan.ModeBatch && b.v.given("metrics") {
		b.bad.add("--metrics: imaphaul %s counts nothing. Drop it.", b.command)
	}
	w.Report = b.v.str("report")
	switch {
	case b.v.given("report") && w.Report == "":
		b.bad.add("--report \"\": no file is named. Give one such as report.html.")
	case w.Report != "" && b.command == plan.ModeDoctor:
		b.bad.add("doctor: --report belongs to a run, a rehearsal or a verification. Leave it out; --json and --transcript write what the doctor finds.")
	}
	if b.command == plan.ModeVerify || b.command == plan.ModeDoctor {
		return w // --json is about its result, see proof
	}
	if b.v.given("metrics") {
		var err error
		if w.Metrics, err = metricsAddress(b.v.str("metrics")); err != nil {
			b.bad.add("--metrics %s: %v. Give host:port, or :port for this machine alone, as in --metrics 127.0.0.1:9090.", b.v.str("metrics"), err)
		}
	}
	w.JSON = b.v.str("json")
	if b.v.given("json") && w.JSON == "" {
		b.bad.add("--json \"\": no file is named. Give a file, or - for standard output.")
	}
	if w.JSON == "-" && b.v.str("printmap") != "" {
		b.bad.add("--json - and --printmap: both want standard output for themselves. Give --json a file.")
	}
	return w
}

// metricsAddress completes an address of --metrics: a port alone (9090, :9090) is on
// loopback; all addresses of this machine have to be named, as 0.0.0.0 or [::].
func metricsAddress(text string) (string, error) {
	if text == "" {
		return "", errors.New("no address is named")
	}
	if !strings.Contains(text, ":") {
		text = ":" + text
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", errors.New("it is not of the form host:port")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("the port %q is no number from 0 to 65535", port)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
