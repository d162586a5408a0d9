package main

import (
	"fmt"
	"io"

	"github.com/imaphaul/imaphaul/internal/event"
)

// webPage answers a web server that starts the program as a CGI program, as
// imapsync's own page does: the page is not there.
func webPage(out io.Writer) int {
	_, _ = fmt.Fprint(out, "Status: 501 Not Implemented\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n"+
		"imaphaul has no web page: start it with the arguments of a command line (SERVER_SOFTWARE is set, and there are none).\n")
	return event.ExitUsage
}
