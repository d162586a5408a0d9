package imapconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrReadOnly is returned by a sealed connection in place of every command
// that could change the mailbox; nothing was sent.
var ErrReadOnly = errors.New("connection is read-only (--dry)")

// ErrCleartext says that a password was not sent because it would have
// travelled in the clear.
var ErrCleartext = errors.New("refused to send a password over an unprotected connection")

// Response is a status reply: a refusal when it is used as an error.
type Response struct {
	// Command is the name of the command answered, without arguments; empty
	// for an untagged reply.
	Command string
	// Status is OK, NO, BAD, BYE or PREAUTH; another word for a server that
	// invents one.
	Status string
	// Code is the response code in upper case (ALERT, TRYCREATE, ...), CodeArgs
	// what follows it inside the brackets.
	Code, CodeArgs string
	// Text is the text for people.
	Text string

	line string
}

// Error is the command and the server's own words.
func (r *Response) Error() string {
	var b strings.Builder
	if r.Command != "" {
		b.WriteString(r.Command)
		b.WriteString(": ")
	}
	b.WriteString(r.Status)
	if r.Code != "" {
		b.WriteString(" [" + r.Code)
		if r.CodeArgs != "" {
			b.WriteString(" " + r.CodeArgs)
		}
		b.WriteString("]")
	}
	if r.Text != "" {
		b.WriteString(" " + r.Text)
	}
	return b.String()
}

// Line is the reply as the server sent it, without the tag of our command.
func (r *Response) Line() string { return r.line }

// OK reports whether the command succeeded.
func (r *Response) OK() bool { return r.Status == "OK" || r.Status == "PREAUTH" }

// ConnError ends a connection: lost, timed out, cancelled, or closed by us
// because its stream could no longer be trusted.
type ConnError struct {
	// Host is who was connected, Op what was under way.
	Host, Op string
	// Err is the cause, Timeout whether it is the idle time-out.
	Err     error
	Timeout bool
	// Bye is the server's farewell, if it said one.
	Bye *Response
}

// Error tells host, operation and cause, the server's words first.
func (e *ConnError) Error() string {
	if e.Bye != nil {
		return fmt.Sprintf("%s: connection closed by the server while %s: %s (%v)", e.Host, e.Op, e.Bye.Line(), e.Err)
	}
	return fmt.Sprintf("%s: connection lost while %s: %v", e.Host, e.Op, e.Err)
}

// Unwrap gives the cause and the farewell.
func (e *ConnError) Unwrap() []error {
	if e.Bye != nil {
		return []error{e.Err, e.Bye}
	}
	return []error{e.Err}
}

// BodyError says that a message's literal cannot be what the server has: what
// follows the announced number of bytes is not the rest of a reply.
type BodyError struct {
	UID  uint32
	Size int64
	Tail string // the beginning of what follows
}

// Error names the message.
func (e *BodyError) Error() string {
	return fmt.Sprintf("UID %d: the server announced %d bytes, but what follows them is %q and not the end of the reply; the message may be cut or too long", e.UID, e.Size, e.Tail)
}

// isCancel reports whether err comes from a context.
func isCancel(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// explainEOF words the end of the stream.
func explainEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // wrapped ends say where they were
		return io.ErrUnexpectedEOF
	}
	return err
}
