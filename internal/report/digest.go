package report

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
)

// Digest is the verdict and the figures of a run in words, for other forms of the same
// report. Every text is safe to show (package display).
type Digest struct {
	// Title is the verdict in one sentence.
	Title string
	Good  bool
	// Verdict, Incomplete and Deletions are the lines of the text.
	Verdict, Incomplete, Deletions []string
	Figures                        []Figure
	Reasons                        []Reason
}

// Figure is a line of the statistics.
type Figure struct{ Label, Text string }

// Reason is why messages were not copied, and how many.
type Reason struct {
	Messages  int64
	Size, Why string
}

// NewDigest takes the figures as the text would print them.
func NewDigest(s *event.Stats, o Options) Digest {
	p := newMailPage(s, o)
	d := Digest{Title: p.Title, Good: p.Good, Verdict: p.Verdict, Incomplete: p.Incomplete, Deletions: p.Deletions}
	for _, f := range p.Figures {
		d.Figures = append(d.Figures, Figure{strings.TrimRight(f.Label, " :"), f.Text})
	}
	for _, r := range p.Reasons {
		d.Reasons = append(d.Reasons, Reason(r))
	}
	return d
}

// DetectedInAll is the line that counts the errors of a run together with those of the
// verification at its end.
func DetectedInAll(run, verification int) string {
	return fmt.Sprintf("Detected %d errors, %d of them by the verification", run+verification, verification)
}

// NotCopiedWords are the line of a message that was not copied.
func NotCopiedWords(n event.NotCopied) string { return visible(notCopiedLine(n)) }

// SkipWords are a reason in words.
func SkipWords(s event.Skip) string { return reasonOf(s) }
