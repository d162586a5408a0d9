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
}

func newDialogue(f *Front, client, server net.Conn) *dialogue {
	return &dialogue{
		f: f, client: client, server: server,
		refused: make(map[string]string), fatal: make(map[string]bool), muted: make(map[string]bool), consent: make(chan bool, 1),
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
}

var errCut = errors.New("cut")

// literalEnd finds the announcement of a literal at the end of a line.
var literalEnd = regexp.MustCompile(`~?\{(\d+)(\+?)\}\r?\n$`)

func literalOf(line string) (size int64, free, ok bool) {
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
		if r, ok := d.f.strikes(command, Refuse, CutBefore, CutAfter, Mute); ok {
			switch r.Action {
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
	out := bufio.NewWriter(d.client)
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
