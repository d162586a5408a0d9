package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// prompter asks for passwords on the terminal, or reads them line by line from
// an input that is none.
type prompter struct {
	in    *os.File
	lines *bufio.Reader
	out   io.Writer
}

func newPrompter(in *os.File, out io.Writer) *prompter {
	return &prompter{in: in, lines: bufio.NewReader(in), out: out}
}

// ask prints the prompt and reads the answer without echo. It is io.EOF when
// there is no answer.
func (p *prompter) ask(prompt string) (string, error) {
	if _, err := fmt.Fprint(p.out, prompt); err != nil {
		return "", fmt.Errorf("the prompt cannot be shown: %w", err)
	}
	if fd := int(p.in.Fd()); term.IsTerminal(fd) {
		answer, err := term.ReadPassword(fd)
		_, _ = fmt.Fprintln(p.out) // the line end that was typed unseen
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("the terminal cannot be read: %w", err)
		}
		return string(answer), err
	}
	answer, err := p.lines.ReadString('\n')
	_, _ = fmt.Fprintln(p.out)
	answer = strings.TrimSuffix(strings.TrimSuffix(answer, "\n"), "\r")
	if answer == "" && err != nil {
		return "", err
	}
	return answer, nil
}
