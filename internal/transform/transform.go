// Package transform changes one message on its way from FETCH to APPEND: its
// bytes and its flags.
//
// Nothing here talks to a server. But for the shell commands of --pipemess and
// --maxlinelengthcmd everything is a pure function. Untouched mail never comes
// here at all: the engine asks Pipeline.Active and streams the message if it is
// false; line lengths and line ends are looked at while streaming
// (LineScanner, NewCRLFReader).
//
// Where this differs from imapsync 2.229:
//
//   - --disarmreadreceipts disarms every Disposition-Notification-To line, not
//     the last one only.
//   - A --pipemess command that is itself a pipe ("a | b") gets the message at
//     its beginning; imapsync's redirection gives it to b.
//   - Flags are compared without case everywhere, \Recent never counts, and PERMANENTFLAGS () is not the same as no PERMANENTFLAGS; see
//     Permanent.
package transform

import (
	"context"
	"fmt"
	"time"

	"github.com/imaphaul/imaphaul/internal/identity"
)

// Matcher is a compiled --skipmess expression (*perlexpr.Expr).
type Matcher interface {
	Match(s string, v Vars) (bool, error)
	String() string
}

// Rewriter is a compiled --regexmess or --regexflag expression
// (*perlexpr.Expr).
type Rewriter interface {
	Apply(s string, v Vars) (string, error)
	String() string
}

// Pipeline is what the options ask to do to messages. The zero value does
// nothing. It is not changed by its methods and may be used by several
// goroutines.
type Pipeline struct {
	SkipMess  []Matcher
	RegexMess []Rewriter
	Disarm    bool     // --disarmreadreceipts
	PipeMess  []string // shell commands
	AddHeader bool     // --addheader

	// Bytes; nil is no limit. The longest line counts its line end.
	TruncMess        *int64
	MaxLineLength    *int64
	MinMaxLineLength *int64
	MaxLineLengthCmd string // shell command, "" to skip instead

	// CommandTimeout limits each shell command; 0 is no limit but the
	// context's.
	CommandTimeout time.Duration

	// Vars are the variables that expressions may name and that are the same
	// for all messages (user1, host2, ...). The folder names are added here.
	Vars Vars
}

// Meta is what there is to know about a message beside its bytes.
type Meta struct {
	Folder1, Folder2 string // raw names
	UID              uint32 // on host1
	HeaderLess       bool   // no header identifies it: --addheader applies
	AddedID          string // instead of the UID in the line of --addheader

	// For the text of a verdict only, as host1 listed them.
	Size  int64
	Flags string
	Date  string
}

// Active reports whether any message has to be in memory to be changed or
// judged. If false, a message may be streamed; what --addheader and the line
// limits ask is answered by Prefix and LineVerdict.
func (p *Pipeline) Active() bool {
	return len(p.SkipMess) > 0 || len(p.RegexMess) > 0 || p.Disarm ||
		len(p.PipeMess) > 0 || p.TruncMess != nil || p.MaxLineLengthCmd != ""
}

// Prefix is what --addheader puts in front of this message, CRLF included, or
// "".
func (p *Pipeline) Prefix(m Meta) string {
	if !p.AddHeader || !m.HeaderLess {
		return ""
	}
	if m.AddedID != "" {
		return identity.AddedLine(m.AddedID) + "\r\n"
	}
	return identity.AddedHeader(m.UID) + "\r\n"
}

// Apply sends msg through the whole pipeline, in imapsync's order: skipmess,
// regexmess, disarmreadreceipts, pipemess, addheader, truncmess, line lengths.
//
// out may share memory with msg, which is not changed. If the verdict is not
// to keep the message, out is nil. err is the context's only: whatever else
// goes wrong is a verdict.
func (p *Pipeline) Apply(ctx context.Context, m Meta, msg []byte) (out []byte, v Verdict, err error) {
	original := msg
	msg, v, err = p.change(ctx, m, msg)
	if err != nil {
		return nil, v, err
	}
	if v.Kept() && len(msg) == 0 {
		v.Cause = Emptied
	}
	if v.Kept() && p.LinesChecked() {
		var lines LineScanner
		lines.Write(msg)
		msg, v, err = p.judgeLines(ctx, msg, lines.Longest(), v)
		if err != nil {
			return nil, v, err
		}
	}
	v.Length = int64(len(msg))
	if !v.Kept() {
		v.describe(original)
		return nil, v, nil
	}
	return msg, v, nil
}

// change does all that may change bytes.
func (p *Pipeline) change(ctx context.Context, m Meta, msg []byte) ([]byte, Verdict, error) {
	v := Verdict{}
	if len(p.SkipMess) > 0 || len(p.RegexMess) > 0 {
		vars := p.varsFor(m)
		text := string(msg)
		for _, e := range p.SkipMess {
			hit, err := e.Match(text, vars)
			switch {
			case err != nil:
				v.Cause, v.Detail = SkipMessFailed, err.Error()
				return msg, v, nil //nolint:nilerr // it is a verdict, see Apply
			case hit:
				v.Cause, v.Detail = SkippedByRule, e.String()
				return msg, v, nil
			}
		}
		changed := false
		for _, e := range p.RegexMess {
			next, err := e.Apply(text, vars)
			if err != nil {
				v.Cause, v.Detail = RegexMessFailed, err.Error()
				return msg, v, nil //nolint:nilerr // it is a verdict, see Apply
			}
			changed = changed || next != text
			text = next
		}
		if changed {
			msg = []byte(text)
		}
	}
	if p.Disarm {
		msg = disarmReceipts(msg)
	}
	for _, c := range p.PipeMess {
		next, notice, err := p.pipe(ctx, "--pipemess", c, msg)
		if err != nil {
			if ctx.Err() != nil {
				return nil, v, context.Cause(ctx)
			}
			v.Cause, v.Detail = PipeMessFailed, err.Error()
			return msg, v, nil
		}
		if notice != "" {
			v.Notices = append(v.Notices, notice)
		}
		msg = next
	}
	if head := p.Prefix(m); head != "" {
		whole := make([]byte, 0, len(head)+len(msg))
		msg = append(append(whole, head...), msg...)
	}
	if p.TruncMess != nil {
		msg = msg[:min(int64(len(msg)), max(*p.TruncMess, 0))]
	}
	return msg, v, nil
}

// LinesChecked reports whether a limit on line lengths is set, so that a
// streamed message needs a LineScanner.
func (p *Pipeline) LinesChecked() bool {
	return p.MaxLineLength != nil || p.MinMaxLineLength != nil
}

// LineVerdict judges a streamed message (Active is false) by the length in
// bytes of its longest line.
func (p *Pipeline) LineVerdict(longest int64) Verdict {
	switch {
	case p.MinMaxLineLength != nil && longest <= *p.MinMaxLineLength:
		return Verdict{Cause: ShortLines, Limit: *p.MinMaxLineLength, Longest: longest}
	case p.MaxLineLength != nil && longest > *p.MaxLineLength:
		return Verdict{Cause: LongLine, Limit: *p.MaxLineLength, Longest: longest}
	}
	return Verdict{Longest: longest}
}

// judgeLines is LineVerdict with the way out that --maxlinelengthcmd offers.
// What the command gives is not measured again, as in imapsync.
func (p *Pipeline) judgeLines(ctx context.Context, msg []byte, longest int64, v Verdict) ([]byte, Verdict, error) {
	lv := p.LineVerdict(longest)
	v.Cause, v.Limit, v.Longest = lv.Cause, lv.Limit, lv.Longest
	if v.Cause != LongLine || p.MaxLineLengthCmd == "" {
		return msg, v, nil
	}
	next, notice, err := p.pipe(ctx, "--maxlinelengthcmd", p.MaxLineLengthCmd, msg)
	if err != nil {
		if ctx.Err() != nil {
			return nil, v, context.Cause(ctx)
		}
		v.Cause, v.Detail = LineCmdFailed, err.Error()
		return msg, v, nil
	}
	v.Cause = Keep
	if notice != "" {
		v.Notices = append(v.Notices, notice)
	}
	return next, v, nil
}

// CheckExpressions tries each expression on a single space, as imapsync does
// before it logs in, with the variables a message will have. The error names
// the option and the expression.
func (p *Pipeline) CheckExpressions() error {
	vars := p.varsFor(Meta{})
	for _, e := range p.SkipMess {
		if _, err := e.Match(" ", vars); err != nil {
			return fmt.Errorf("--skipmess %q fails on a single space: %w", e, err)
		}
	}
	for _, e := range p.RegexMess {
		if _, err := e.Apply(" ", vars); err != nil {
			return fmt.Errorf("--regexmess %q fails on a single space: %w", e, err)
		}
	}
	return nil
}

// CheckPipeMess runs the --pipemess commands, one after the other, on a single
// space. --nopipemesscheck leaves it out.
func (p *Pipeline) CheckPipeMess(ctx context.Context) error {
	msg := []byte(" ")
	for _, c := range p.PipeMess {
		next, _, err := p.pipe(ctx, "--pipemess", c, msg)
		if err != nil {
			return fmt.Errorf("%w (tried on a single space; --nopipemesscheck avoids this check)", err)
		}
		msg = next
	}
	return nil
}

// CheckMaxLineLengthCmd runs the --maxlinelengthcmd command on a single space.
func (p *Pipeline) CheckMaxLineLengthCmd(ctx context.Context) error {
	if p.MaxLineLengthCmd == "" {
		return nil
	}
	if _, _, err := p.pipe(ctx, "--maxlinelengthcmd", p.MaxLineLengthCmd, []byte(" ")); err != nil {
		return fmt.Errorf("%w (tried on a single space)", err)
	}
	return nil
}

// varsFor adds the folder names to the variables.
func (p *Pipeline) varsFor(m Meta) Vars {
	vars := make(Vars, len(p.Vars)+2)
	for k, s := range p.Vars {
		vars[k] = s
	}
	vars["h1_current_folder"] = m.Folder1
	vars["h2_current_folder"] = m.Folder2
	return vars
}
