package cli

import (
	"fmt"
	"slices"
	"strings"
)

// Exit codes of this package (docs/trouble.md).
const (
	exitOK      = 0
	exitUsage   = 64  // EX_USAGE
	exitNoInput = 66  // EX_NOINPUT: a file that cannot be read
	exitAuth1   = 161 // no password for user1
	exitAuth2   = 162 // no password for user2
)

// problem is something wrong with the command line.
type problem struct {
	text string
	code int
}

// problems collects everything that is wrong, so that it is told at once.
type problems struct{ list []problem }

// add notes a wrong option: what is wrong and what to do about it.
func (p *problems) add(format string, args ...any) {
	p.addCode(exitUsage, format, args...)
}

// addCode is add with another exit code.
func (p *problems) addCode(code int, format string, args ...any) {
	pr := problem{fmt.Sprintf(format, args...), code}
	if !slices.Contains(p.list, pr) { // one option may count for both sides
		p.list = append(p.list, pr)
	}
}

func (p *problems) any() bool { return len(p.list) > 0 }

// outcome prints all problems. The exit code is theirs when they agree, and
// EX_USAGE when they do not.
func (p *problems) outcome() *Outcome {
	var b strings.Builder
	code := p.list[0].code
	for _, pr := range p.list {
		fmt.Fprintf(&b, "Error: %s\n", pr.text)
		if pr.code != code {
			code = exitUsage
		}
	}
	if n := len(p.list); n == 1 {
		b.WriteString("Found 1 problem in the command line. Nothing was connected.\n")
	} else {
		fmt.Fprintf(&b, "Found %d problems in the command line. Nothing was connected.\n", n)
	}
	return &Outcome{Code: code, Stderr: b.String()}
}
