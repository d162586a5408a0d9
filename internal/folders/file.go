package folders

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/imaphaul/imaphaul/internal/display"
)

// columns of the tab-separated form, named as the keys of --printplan. From and To
// decide; the others are for people.
var columns = []string{"From", "To", "Why", "State", "Use", "FromText", "ToText", "Warnings"}

// columnKey is a column's name as it is looked up: case and underscores do not
// count.
func columnKey(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), "_", ""))
}

func (r Row) state() string {
	switch {
	case r.Refused != "":
		return "refused"
	case r.Exists:
		return "exists"
	default:
		return "create"
	}
}

func (r Row) reason() string {
	if r.Detail != "" {
		return string(r.Why) + ": " + r.Detail
	}
	return string(r.Why)
}

// notes are the warnings and the refusal of a row, as sentences.
func (r Row) notes() []string {
	var out []string
	if r.Refused != "" {
		out = append(out, r.Refused)
	}
	for _, w := range r.Warnings {
		out = append(out, string(w.Kind)+": "+w.Text)
	}
	return out
}

// WriteTSV writes the rows as tab-separated lines under a line of column names.
// In a field, backslash, TAB, CR and LF are written \\ \t \r \n, other characters
// that are not safe to show, and bytes that are not UTF-8, \xHH.
func (t *Table) WriteTSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, strings.Join(columns, "\t"))
	for _, r := range t.Rows {
		fields := []string{r.From, r.To, r.reason(), r.state(), r.Use, Text(r.From), Text(r.To), strings.Join(r.notes(), "; ")}
		for i, f := range fields {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.Write(display.AppendField(nil, f))
		}
		b.WriteByte('\n')
	}
	return b.Flush()
}

// jsonRow is one row of the JSON form, under the keys of --printplan. A raw name
// that is not UTF-8 is in the field with Base64 instead.
type jsonRow struct {
	From       string   `json:"From,omitempty"`
	To         string   `json:"To,omitempty"`
	FromBase64 string   `json:"FromBase64,omitempty"`
	ToBase64   string   `json:"ToBase64,omitempty"`
	FromText   string   `json:"FromText,omitempty"`
	ToText     string   `json:"ToText,omitempty"`
	Why        string   `json:"Why,omitempty"`
	State      string   `json:"State,omitempty"`
	Use        string   `json:"Use,omitempty"`
	Parents    []string `json:"CreateFirst,omitempty"`
	Shared     int      `json:"Shared,omitempty"`
	Warnings   []string `json:"Warnings,omitempty"`

	// What the first versions called the base64 forms.
	FromCoded string `json:"from_base64,omitempty"`
	ToCoded   string `json:"to_base64,omitempty"`
}

// WriteJSON writes the rows as a JSON array, one row a line.
func (t *Table) WriteJSON(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("[")
	for i, r := range t.Rows {
		j := jsonRow{
			FromText: Text(r.From), ToText: Text(r.To), Why: r.reason(), State: r.state(),
			Use: r.Use, Shared: r.Shared, Warnings: r.notes(),
		}
		for _, p := range r.Parents {
			j.Parents = append(j.Parents, Text(p))
		}
		if j.From = r.From; !utf8.ValidString(r.From) {
			j.From, j.FromBase64 = "", base64.StdEncoding.EncodeToString([]byte(r.From))
		}
		if j.To = r.To; !utf8.ValidString(r.To) {
			j.To, j.ToBase64 = "", base64.StdEncoding.EncodeToString([]byte(r.To))
		}
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n")
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(j); err != nil {
			return fmt.Errorf("folder %q: %w", Text(r.From), err)
		}
		b.Write(display.JSON(bytes.TrimRight(line.Bytes(), "\n")))
	}
	b.WriteString("\n]\n")
	return b.Flush()
}

// LeaveOut is the destination of a folder that takes no part.
const LeaveOut = "-"

// ReadMap is ReadMapFile without its notes.
func ReadMap(r io.Reader) ([]Pair, error) {
	list, _, err := ReadMapFile(r)
	return list, err
}

// ReadMapFile reads an edited table back: either form, recognised by its first
// character. Only From and To count; To may be typed in UTF-8. An empty one, or
// LeaveOut, leaves the folder out, and is LeaveOut in the result. A line that was
// removed leaves its folder to the ordinary rules. The notes are about edits in
// other columns, which have no effect. Errors name the line.
func ReadMapFile(r io.Reader) ([]Pair, []string, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the mapping: %w", err)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var out pairs
	if first := bytes.TrimLeft(data, " \t\r\n"); len(first) > 0 && first[0] == '[' {
		err = out.readJSON(data)
	} else {
		err = out.readTSV(data)
	}
	if err != nil {
		return nil, nil, err
	}
	return out.list, out.notes, nil
}

// pairs collects rows and refuses those that make no sense.
type pairs struct {
	list  []Pair
	notes []string
	line  map[string]int
}

// seen looks at the columns that are for people: whoever edited them meant
// something else to happen. An absent column is "".
func (p *pairs) seen(line int, row map[string]string) {
	note := func(format string, args ...any) {
		p.notes = append(p.notes, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, args...)+". Only the columns From and To count")
	}
	for _, c := range []string{"from", "to"} {
		name, text := row[c], row[c+"text"]
		if text != "" && text != Text(name) && text != name && name != "" && name != LeaveOut {
			note("%sText says %q, and %s says %q", title(c), text, title(c), Text(name))
		}
	}
	switch s := row["state"]; s {
	case "", "create", "exists", "refused":
	default:
		note("the state %q has no effect; to leave a folder out write %s in the column To", s, LeaveOut)
	}
}

// title is a column's name as it is written.
func title(key string) string { return strings.ToUpper(key[:1]) + key[1:] }

func (p *pairs) add(line int, from, to string) error {
	if p.line == nil {
		p.line = map[string]int{}
	}
	switch first := p.line[from]; {
	case from == "":
		return fmt.Errorf("line %d: no host1 folder in the column from", line)
	case first != 0:
		return fmt.Errorf("line %d: folder %q is in line %d already; remove one of them", line, Text(from), first)
	}
	p.line[from] = line
	if to == "" {
		to = LeaveOut
	}
	p.list = append(p.list, Pair{from, to})
	return nil
}

func (p *pairs) readTSV(data []byte) error {
	from, to := -1, -1
	var header []string
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		cells := strings.Split(line, "\t")
		if from < 0 {
			for c, name := range cells {
				switch columnKey(name) {
				case "from":
					from = c
				case "to":
					to = c
				}
			}
			header = cells
			if from < 0 || to < 0 {
				return fmt.Errorf(`line %d: the first line must name the columns, "from" and "to" among them, separated by TABs`, i+1)
			}
			continue
		}
		if len(cells) <= max(from, to) {
			return fmt.Errorf("line %d: only %d columns; are the TABs still TABs?", i+1, len(cells))
		}
		var names [2]string
		for j, c := range []int{from, to} {
			var err error
			if names[j], err = display.ParseField(cells[c]); err != nil {
				return fmt.Errorf("line %d: column %d: %w", i+1, c+1, err)
			}
		}
		if err := p.add(i+1, names[0], names[1]); err != nil {
			return err
		}
		row := map[string]string{"from": names[0], "to": names[1]}
		for c, cell := range cells {
			if c < len(header) && c != from && c != to {
				if text, err := display.ParseField(cell); err == nil {
					row[columnKey(header[c])] = text
				}
			}
		}
		p.seen(i+1, row)
	}
	if from < 0 {
		return fmt.Errorf("the mapping is empty")
	}
	return nil
}

func (p *pairs) readJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	line := func() int {
		at := min(int(dec.InputOffset()), len(data))
		for at < len(data) && strings.ContainsRune(" \t\r\n,", rune(data[at])) {
			at++
		}
		return bytes.Count(data[:at], []byte("\n")) + 1
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("line %d: %w", line(), err)
	}
	counted, lines := 0, 1 // count each line once, also in a table of 100,000 rows
	for dec.More() {
		at := min(int(dec.InputOffset()), len(data))
		for at < len(data) && strings.IndexByte(" \t\r\n,", data[at]) >= 0 {
			at++
		}
		lines += bytes.Count(data[counted:at], []byte("\n"))
		counted = at
		var j jsonRow
		if err := dec.Decode(&j); err != nil {
			return fmt.Errorf("line %d: %w", lines, err)
		}
		for _, f := range []struct {
			name  *string
			coded string
		}{{&j.From, j.FromBase64 + j.FromCoded}, {&j.To, j.ToBase64 + j.ToCoded}} {
			if *f.name == "" && f.coded != "" {
				raw, err := base64.StdEncoding.DecodeString(f.coded)
				if err != nil {
					return fmt.Errorf("line %d: %w", lines, err)
				}
				*f.name = string(raw)
			}
		}
		if err := p.add(lines, j.From, j.To); err != nil {
			return err
		}
		p.seen(lines, map[string]string{"from": j.From, "to": j.To, "fromtext": j.FromText, "totext": j.ToText, "state": j.State})
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("line %d: the list is not closed: %w", line(), err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("line %d: something follows the list; one array of rows is expected", line())
	}
	return nil
}
