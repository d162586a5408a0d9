package imapwire

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Tracer prints the dialogue of one connection, a line for each line.
//
// It is safe by construction: it sees only what its callers give it line by
// line, literals arrive as a length unless content was asked for, lines of an
// authentication exchange arrive already replaced, and every text handed to
// Hide is masked wherever it appears (a server may quote a password back).
type Tracer struct {
	mu      sync.Mutex
	w       io.Writer
	prefix  string
	content bool
	hidden  []string
}

// Mask is what the trace shows in place of a secret.
const Mask = "MASKED"

// NewTracer traces to w, each line beginning with prefix. With content the
// literals are printed too, but never those of an authentication exchange.
// A nil w gives a nil Tracer, which is valid and prints nothing.
func NewTracer(w io.Writer, prefix string, content bool) *Tracer {
	if w == nil {
		return nil
	}
	return &Tracer{w: w, prefix: prefix, content: content}
}

// Hide masks text from now on. Short texts are left alone: masking a single
// letter would show where it stands and hide the rest of the dialogue.
func (t *Tracer) Hide(text string) {
	if t == nil || len(text) < 3 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hidden = append(t.hidden, text)
}

// Sent prints a line the client sent, without its end.
func (t *Tracer) Sent(line []byte) { t.line("C: ", line) }

// Received prints a line the server sent, without its end.
func (t *Tracer) Received(line []byte) { t.line("S: ", line) }

// Literal prints a literal that was read or sent in one piece.
func (t *Tracer) Literal(data []byte) {
	if t == nil {
		return
	}
	if t.content {
		t.line("|  ", data)
		return
	}
	t.line("|  ", fmt.Appendf(nil, "(%d bytes)", len(data)))
}

// LiteralSize prints a literal whose bytes are streamed or skipped.
func (t *Tracer) LiteralSize(n int64) {
	if t != nil {
		t.line("|  ", fmt.Appendf(nil, "(%d bytes)", n))
	}
}

// Content reports whether literals are to be shown.
func (t *Tracer) Content() bool { return t != nil && t.content }

func (t *Tracer) line(dir string, b []byte) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.ToValidUTF8(string(bytes.TrimRight(b, "\r\n")), "\uFFFD")
	text = Redact(text, t.hidden)
	// A trace that cannot be written must not stop the migration.
	_, _ = fmt.Fprintf(t.w, "%s%s%s\n", t.prefix, dir, text)
}

// Redact replaces every occurrence of the texts in s by Mask.
func Redact(s string, texts []string) string {
	for _, h := range texts {
		if h != "" {
			s = strings.ReplaceAll(s, h, Mask)
		}
	}
	return s
}
