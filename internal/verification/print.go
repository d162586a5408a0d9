package verification

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/units"
)

// Printer shows rows as they come, and the summary at the end.
type Printer interface {
	Row(Row)
	Note(text string)
	// End prints the summary, and returns the first error of writing.
	End(*Summary) error
}

// NewPrinter makes a printer of a form: "" for text, "tsv" or "json".
func NewPrinter(form string, w io.Writer) Printer {
	switch form {
	case "tsv":
		t := &tsv{w: w}
		t.print("mark\tcounts\tfolder1\tuid1\tfolder2\tuid2\tdiffers\tmessage_id\tsubject\treason\tremedy\n")
		return t
	case "json":
		j := &jsonPrinter{w: w}
		j.print([]byte("{\"rows\":["))
		return j
	}
	return &text{w: w}
}

// text is for people.
type text struct {
	w   io.Writer
	err error
}

func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = io.WriteString(t.w, display.Text(fmt.Sprintf(format, args...))+"\n")
	}
}

func (t *text) Note(note string) { t.line("Note: %s", note) }

func (t *text) Row(r Row) {
	var b strings.Builder
	fmt.Fprintf(&b, "%c %s", r.Mark, place(r))
	if len(r.Differs) > 0 {
		fmt.Fprintf(&b, " [%s]", strings.Join(r.Differs, ", "))
	}
	if r.MessageID != "" {
		fmt.Fprintf(&b, " %s", r.MessageID)
	}
	if r.Subject != "" {
		fmt.Fprintf(&b, " %q", r.Subject)
	}
	if r.Reason != "" {
		fmt.Fprintf(&b, ": %s", r.Reason)
	}
	if !r.Counts && r.Mark != Equal {
		b.WriteString(" (explained)")
	} else if r.Remedy != "" {
		fmt.Fprintf(&b, " (what to do: %s)", r.Remedy)
	}
	t.line("%s", b.String())
}

// place names the folders and UIDs of a row.
func place(r Row) string {
	one, two := r.Folder1, r.Folder2
	if r.UID1 != 0 {
		one += fmt.Sprintf(" UID %d", r.UID1)
	}
	if r.UID2 != 0 {
		two += fmt.Sprintf(" UID %d", r.UID2)
	}
	switch {
	case one == "":
		return two
	case two == "":
		return one
	}
	return one + " -> " + two
}

func (t *text) End(s *Summary) error {
	for _, line := range s.Lines() {
		t.line("%s", line)
	}
	return t.err
}

// Lines are the summary in words, the verdict first.
func (s *Summary) Lines() []string {
	out := []string{"Verdict: " + s.Verdict()}
	of := " of host1"
	if s.Commands[1] == nil {
		of = "" // a certificate
	}
	out = append(out, fmt.Sprintf("Compared: %s; %d folders and %d messages%s (%s), %d of them by their whole content", s.Depth, s.Folders, s.Messages, of, units.Bytes(s.Bytes), s.Compared))
	out = append(out, fmt.Sprintf("Messages equal: %d; rows that differ: %d; rows explained: %d", s.Equal, s.Counted, s.Explained))
	if len(s.Habits) > 0 {
		out = append(out, "Host2 is known to do this to messages: "+strings.Join(s.Habits, ", "))
	}
	for _, own := range s.Own {
		out = append(out, "Read by imaphaul's own client: "+own)
	}
	if more := s.OwnCount - len(s.Own); more > 0 {
		out = append(out, fmt.Sprintf("Read by imaphaul's own client: %d folders more", more))
	}
	if s.Run[1] != nil {
		out = append(out, "Commands of the run to host1: "+commands(s.Run[1]))
	}
	if s.Commands[1] != nil {
		out = append(out, "Commands of the verification to host1: "+commands(s.Commands[1]))
	}
	return append(out, "Commands of the verification to host2: "+commands(s.Commands[2]))
}

// Verdict is the result in one sentence.
func (s *Summary) Verdict() string {
	host1 := ""
	if s.Commands[1] != nil {
		host1 = "; no command sent to host1 writes"
		if n := writes(s.Commands[1]) + writes(s.Run[1]); n > 0 {
			host1 = fmt.Sprintf("; %d commands sent to host1 write", n)
		}
	}
	switch {
	case s.Incomplete:
		return fmt.Sprintf("not complete; %d differences in what was compared%s", s.Counted, host1)
	case s.Counted == 1:
		return "1 difference" + host1
	case s.Counted > 0:
		return fmt.Sprintf("%d differences%s", s.Counted, host1)
	case s.Explained == 1:
		return "equal, but for 1 row that is explained" + host1
	case s.Explained > 0:
		return fmt.Sprintf("equal, but for %d rows that are explained%s", s.Explained, host1)
	}
	return "equal" + host1
}

// CommandWords lists the commands sent to a side by the run and by the verification.
func (s *Summary) CommandWords(side int) string {
	all := maps.Clone(s.Commands[side])
	for name, n := range s.Run[side] {
		all[name] += n
	}
	return commands(all)
}

// writes counts the commands that can change a mailbox.
func writes(names map[string]int64) (n int64) {
	for name, k := range names {
		if imapconn.Writes(name) {
			n += k
		}
	}
	return n
}

// commands lists commands with their numbers.
func commands(names map[string]int64) string {
	if len(names) == 0 {
		return "none"
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, names[name]))
	}
	return fmt.Sprintf("%s; %d that write", strings.Join(parts, ", "), writes(names))
}

// tsv has one line for each row; the summary follows in lines that begin with "#".
type tsv struct {
	w   io.Writer
	err error
}

func (t *tsv) print(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.w, s)
	}
}

func (t *tsv) Note(string) {} // it is in the summary

func (t *tsv) Row(r Row) {
	counts := "no"
	if r.Counts {
		counts = "yes"
	}
	line := []byte{byte(r.Mark), '\t'}
	line = append(line, counts...)
	for _, s := range []string{r.Folder1, number(r.UID1), r.Folder2, number(r.UID2), strings.Join(r.Differs, ","), r.MessageID, r.Subject, r.Reason, r.Remedy} {
		line = display.AppendField(append(line, '\t'), s)
	}
	t.print(string(append(line, '\n')))
}

func number(uid uint32) string {
	if uid == 0 {
		return ""
	}
	return fmt.Sprint(uid)
}

func (t *tsv) End(s *Summary) error {
	for _, line := range append(s.Lines(), s.Notes...) {
		t.print("# " + display.Text(line) + "\n")
	}
	return t.err
}

// jsonPrinter writes one object: {"rows": [...], "summary": {...}}.
type jsonPrinter struct {
	w    io.Writer
	some bool
	err  error
}

func (j *jsonPrinter) print(b []byte) {
	if j.err == nil {
		_, j.err = j.w.Write(b)
	}
}

func (j *jsonPrinter) value(v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil && j.err == nil {
		j.err = err
	}
	j.print(display.JSON(bytes.TrimRight(b.Bytes(), "\n")))
}

func (j *jsonPrinter) Note(string) {} // it is in the summary

// jsonRow is a row in JSON.
type jsonRow struct {
	Mark      string   `json:"mark"`
	Counts    bool     `json:"counts"`
	Folder1   string   `json:"folder1,omitempty"`
	UID1      uint32   `json:"uid1,omitempty"`
	Folder2   string   `json:"folder2,omitempty"`
	UID2      uint32   `json:"uid2,omitempty"`
	Differs   []string `json:"differs,omitempty"`
	MessageID string   `json:"message_id,omitempty"`
	Subject   string   `json:"subject,omitempty"`
	Reason    string   `json:"reason,omitempty"`
	Remedy    string   `json:"remedy,omitempty"`
}

func (j *jsonPrinter) Row(r Row) {
	if j.some {
		j.print([]byte(","))
	}
	j.some = true
	j.print([]byte("\n"))
	j.value(jsonRow{string(r.Mark), r.Counts, r.Folder1, r.UID1, r.Folder2, r.UID2, r.Differs, r.MessageID, r.Subject, r.Reason, r.Remedy})
}

func (j *jsonPrinter) End(s *Summary) error {
	type side map[string]int64
	j.print([]byte("\n],\"summary\":"))
	j.value(struct {
		Verdict   string           `json:"verdict"`
		OK        bool             `json:"ok"`
		Depth     string           `json:"depth"`
		Folders   int64            `json:"folders"`
		Messages  int64            `json:"messages"`
		Bytes     int64            `json:"bytes"`
		Equal     int64            `json:"equal"`
		Compared  int64            `json:"compared"`
		Counted   int64            `json:"differ"`
		Explained int64            `json:"explained"`
		Rows      map[string]int64 `json:"rows"`
		Habits    []string         `json:"habits,omitempty"`
		Own       []string         `json:"own_client,omitempty"`
		Notes     []string         `json:"notes,omitempty"`
		Run1      side             `json:"commands_run_host1,omitempty"`
		Host1     side             `json:"commands_host1,omitempty"`
		Host2     side             `json:"commands_host2,omitempty"`
		Writes1   int64            `json:"commands_host1_that_write"`
	}{
		s.Verdict(), s.OK(), s.Depth, s.Folders, s.Messages, s.Bytes, s.Equal, s.Compared, s.Counted, s.Explained, s.Rows, s.Habits, s.Own, s.Notes,
		s.Run[1], s.Commands[1], s.Commands[2], writes(s.Commands[1]) + writes(s.Run[1]),
	})
	j.print([]byte("}\n"))
	return j.err
}
