package meddle

import (
	"bufio"
	"errors"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// dialogue is one connection, both directions.
type dialogue struct {
	f              *Front
	client, server net.Conn

	mu sync.Mutex
	// refused maps the tag of a refused command to what the client is told. The
	// server got a NOOP in its place, so that the answer keeps its turn.
	refused map[string]string
	// fatal holds the tags whose answer ends the connection, muted those whose
	// answer is kept back.
	fatal, muted map[string]bool
	// waiting is the command that waits for the consent to send a literal.
	waiting string
	consent chan bool
	// silent: the client hears nothing more. slow: it hears a byte a second. torn:
	// the next literal is cut. before is said before the next reply.
	silent, slow, torn bool
	before             string
	// mailbox is selected. fromClient's own.
	mailbox string
	// over is closed when the dialogue ends; repeating says things meanwhile.
	over      chan struct{}
	repeating sync.WaitGroup
}

func newDialogue(f *Front, client, server net.Conn) *dialogue {
	return &dialogue{
		f: f, client: client, server: server,
		refused: make(map[string]string), fatal: make(map[string]bool), muted: make(map[string]bool), consent: make(chan bool, 1),
		over: make(chan struct{}),
	}
}

// run ends when either side is gone.
func (d *dialogue) run() {
	var both sync.WaitGroup
	end := func() {
		d.client.Close()
		d.server.Close()
	}
	both.Go(func() {
		defer end()
		defer close(d.consent)
		// Whatever ends one direction ends both; the reason is the ends' own.
		_ = d.fromServer()
	})
	both.Go(func() {
		defer end()
		_ = d.fromClient()
	})
	both.Wait()
	close(d.over)
	d.repeating.Wait()
}

var errCut = errors.New("cut")

// literalEnd finds the announcement of a literal at the end of a line.
var literalEnd = regexp.MustCompile(`~?\{(\d+)(\+?)\}\r?\n$`)

func literalOf(line string) (size int64, free, ok bool) {
	if !strings.HasSuffix(line, "}\n") && !strings.HasSuffix(line, "}\r\n") {
		return 0, false, false // most lines; the expression takes its time with long ones
	}
	m := literalEnd.FindStringSubmatch(line)
	if m == nil {
		return 0, false, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	return n, m[2] != "", err == nil
}

// fromClient carries commands to the server.
func (d *dialogue) fromClient() error {
	in := bufio.NewReader(d.client)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		tag, command, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		d.f.hear(command)
		if r, ok := d.f.command(command, d.about(command)); ok {
			switch r.Action {
			case Stall, Drip, Truncate, Insert:
				d.change(r)
			case Repeat:
				d.change(r)
				d.repeat(r.Text)
				_, err := io.Copy(io.Discard, in)
				return err
			case CutBefore:
				return errCut
			case Mute:
				d.mu.Lock()
				d.muted[tag] = true
				d.mu.Unlock()
			case CutAfter:
				d.mu.Lock()
				d.fatal[tag] = true
				d.mu.Unlock()
			case Refuse:
				if err := swallow(in, line); err != nil {
					return err
				}
				d.mu.Lock()
				untagged := strings.LastIndexByte(r.Text, '\n') + 1
				d.refused[tag] = r.Text[:untagged] + tag + " " + r.Text[untagged:] + "\r\n"
				d.mu.Unlock()
				if _, err := io.WriteString(d.server, tag+" NOOP\r\n"); err != nil {
					return err
				}
				continue
			}
		}
		if err := d.carry(in, tag, line); err != nil {
			return err
		}
	}
}

// naming are the commands that name a mailbox first.
var naming = regexp.MustCompile(`(?i)^(?:(SELECT|EXAMINE)|CREATE|SUBSCRIBE|STATUS|APPEND) ("(?:[^"\\]|\\.)*"|\S+)`)

// about is the mailbox that a command is about, "" for none.
func (d *dialogue) about(command string) string {
	m := naming.FindStringSubmatch(command)
	if m == nil {
		return d.mailbox
	}
	name := strings.Trim(m[2], `"`)
	if m[1] != "" {
		d.mailbox = name
	}
	return name
}

// change is what a rule changes for the rest of the dialogue.
func (d *dialogue) change(r Rule) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch r.Action {
	case Stall, Repeat:
		d.silent = true
	case Drip:
		d.slow = true
	case Truncate:
		d.torn = true
	case Insert:
		d.before = r.Text
	}
}

// repeat says a text every two seconds until the dialogue ends.
func (d *dialogue) repeat(text string) {
	d.repeating.Go(func() {
		t := time.NewTicker(2 * time.Second)
		defer t.Stop()
		for {
			if _, err := io.WriteString(d.client, text); err != nil {
				return
			}
			select {
			case <-t.C:
			case <-d.over:
				return
			}
		}
	})
}

// Write gives the client what a rule lets through.
func (d *dialogue) Write(p []byte) (int, error) {
	d.mu.Lock()
	silent, slow := d.silent, d.slow
	d.mu.Unlock()
	switch {
	case silent:
		return len(p), nil
	case !slow:
		return d.client.Write(p)
	}
	for i := range p {
		time.Sleep(time.Second)
		if n, err := d.client.Write(p[i : i+1]); err != nil {
			return i + n, err
		}
	}
	return len(p), nil
}

// swallow reads what is left of a command whose literals come without consent.
func swallow(in *bufio.Reader, line string) error {
	for {
		size, free, ok := literalOf(line)
		if !ok || !free {
			return nil // a client that asks for consent is told no
		}
		if _, err := io.CopyN(io.Discard, in, size); err != nil {
			return err
		}
		var err error
		if line, err = in.ReadString('\n'); err != nil {
			return err
		}
	}
}

// carry passes one command on with its literals.
func (d *dialogue) carry(in *bufio.Reader, tag, line string) error {
	for {
		size, free, ok := literalOf(line)
		if ok && !free {
			d.mu.Lock()
			d.waiting = tag
			d.mu.Unlock()
		}
		if _, err := io.WriteString(d.server, d.f.replaced(line, Alter)); err != nil {
			return err
		}
		if !ok {
			return nil
		}
		if !free {
			if yes, open := <-d.consent; !open || !yes {
				return nil // refused: the next line is another command
			}
		}
		if _, err := io.CopyN(d.server, in, size); err != nil {
			return err
		}
		var err error
		if line, err = in.ReadString('\n'); err != nil {
			return err
		}
	}
}

// fromServer carries replies to the client.
func (d *dialogue) fromServer() error {
	in := bufio.NewReader(d.server)
	out := bufio.NewWriter(d)
	for {
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
		line, err := in.ReadString('\n')
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		size, _, literal := literalOf(line)
		line, err = d.judge(line)
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		d.mu.Lock()
		torn, before := d.torn, d.before
		d.before = ""
		d.mu.Unlock()
		if _, err := out.WriteString(before); err != nil {
			return err
		}
		if torn && (literal || !strings.HasPrefix(line, "* ")) {
			if !literal {
				line, size = "* 1 FETCH (UID 1 BODY[] {300}\r\nhalf of it", 0
			}
			_, err := out.WriteString(line)
			_, err2 := io.CopyN(out, in, size/2)
			return errors.Join(errCut, err, err2, out.Flush())
		}
		if r, ok := d.f.strikes(line, Shorten); ok && literal {
			few, err := strconv.ParseInt(r.Text, 10, 64)
			if err != nil {
				return err
			}
			few = min(few, size)
			if _, err := out.WriteString(literalEnd.ReplaceAllString(line, "{"+strconv.FormatInt(few, 10)+"}\r\n")); err != nil {
				return err
			}
			if _, err := io.CopyN(out, in, few); err != nil {
				return err
			}
			if _, err := io.CopyN(io.Discard, in, size-few); err != nil {
				return err
			}
			continue
		}
		if _, err := out.WriteString(line); err != nil {
			return err
		}
		if !literal {
			continue
		}
		if _, ok := d.f.strikes(line, CutLiteral); ok {
			_, err := io.CopyN(out, in, size/2)
			return errors.Join(errCut, err, out.Flush())
		}
		if _, err := io.CopyN(out, in, size); err != nil {
			return err
		}
	}
}

// judge decides about one line of the server.
func (d *dialogue) judge(line string) (string, error) {
	tag, _, _ := strings.Cut(line, " ")
	d.mu.Lock()
	instead, refused := d.refused[tag]
	fatal, muted := d.fatal[tag], d.muted[tag]
	delete(d.refused, tag)
	if d.waiting != "" && (tag == "+" || tag == d.waiting) {
		d.waiting = ""
		d.consent <- tag == "+"
	}
	d.mu.Unlock()
	switch {
	case fatal:
		return "", errCut
	case refused:
		return instead, nil
	case muted:
		return "", nil
	case tag == "+":
		return line, nil
	}
	return d.f.replaced(line, Replace), nil
}
