package transform

import (
	"fmt"
	"strings"
)

// Cause says why a message is not copied.
type Cause uint8

// The causes. Keep is none.
const (
	Keep            Cause = iota
	SkippedByRule         // --skipmess matched
	SkipMessFailed        // --skipmess could not be evaluated
	RegexMessFailed       // --regexmess could not be evaluated
	PipeMessFailed        // a --pipemess command failed or printed nothing
	Emptied               // nothing is left of the message
	LongLine              // longer than --maxlinelength
	LineCmdFailed         // the --maxlinelengthcmd command failed
	ShortLines            // no line longer than --minmaxlinelength
)

// Verdict says what becomes of a message.
type Verdict struct {
	Cause   Cause
	Detail  string   // what an expression or command said of its failure
	Subject string   // of a message that is not kept, for its line
	Length  int64    // bytes when the verdict was given
	Longest int64    // bytes of the longest line, where a limit is set
	Limit   int64    // the limit in bytes, for LongLine and ShortLines
	Notices []string // what commands that succeeded wrote on stderr
}

// Kept reports whether the message is to be copied.
func (v Verdict) Kept() bool { return v.Cause == Keep }

// Reason is why the message is not copied, in imapsync's words.
func (v Verdict) Reason() string {
	switch v.Cause {
	case Keep:
		return ""
	case SkippedByRule:
		return "skipped by --skipmess"
	case SkipMessFailed:
		return "could not be skipped by --skipmess option, bad regex"
	case RegexMessFailed:
		return "could not be transformed by --regexmess"
	case PipeMessFailed:
		return "could not be successfully transformed by --pipemess option"
	case Emptied:
		return "emptied by its transformation"
	case LongLine:
		return fmt.Sprintf("line length exceeds maxlinelength %d bytes", v.Limit)
	case LineCmdFailed:
		return "could not be successfully transformed by --maxlinelengthcmd option"
	case ShortLines:
		return fmt.Sprintf("max line length under minmaxlinelength %d bytes", v.Limit)
	}
	return fmt.Sprintf("cause %d", v.Cause)
}

// More is what the name of the option leaves out of the reason: the expression, a
// limit, or what failed.
func (v Verdict) More() string {
	switch v.Cause {
	case Keep:
		return ""
	case SkippedByRule:
		return v.Detail
	case LongLine, ShortLines:
		return "(" + v.Reason() + ")"
	}
	return "(" + v.Reason() + ")" + spaced(v.Detail)
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

// Line is the line imapsync prints for a message it does not copy
// ("msg F/U ... skipped"), without line end; "" for a kept one and for those of
// which imapsync prints only the next line, "- msg F/U skipped.". That next line
// follows unless the cause is about line lengths.
func (v Verdict) Line(m Meta) string {
	who := fmt.Sprintf("- msg %s/%d", m.Folder1, m.UID)
	what := fmt.Sprintf("S[%d] F[%s] I[%s]", m.Size, m.Flags, m.Date)
	switch v.Cause {
	case SkipMessFailed, RegexMessFailed, PipeMessFailed:
		return fmt.Sprintf("%s {%d} %s %s", who, v.Length, what, v.Reason())
	case SkippedByRule, LineCmdFailed:
		return fmt.Sprintf("%s {%d} %s (Subject:[%s]) %s", who, v.Length, what, v.Subject, v.Reason())
	case LongLine, ShortLines:
		return fmt.Sprintf("%s skipped %s (Subject:[%s]) (%s)", who, what, v.Subject, v.Reason())
	}
	return ""
}

// describe takes from the message what the line says of it.
func (v *Verdict) describe(original []byte) {
	v.Subject = Field(original, "Subject")
	v.Detail = strings.TrimSpace(v.Detail)
}
