package batch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Bounds of a list. They are far above what people write and keep a wrong file, such
// as a mailbox, from being taken for one.
const (
	maxLine = 64 << 10 // bytes
	maxRows = 1 << 20
)

// Row is one account of a list.
type Row struct {
	// Number counts rows from 1, Line is where it begins in the file.
	Number, Line int
	// Args are its options, with their secrets; nil where a fault leaves open what its cells
	// are.
	Args []string
	// Source is the line of the file, for a list of rows to be run again.
	Source string
}

// Fault is something wrong with a row, or with the list when Row is 0.
type Fault struct {
	Row, Line int
	Text      string
}

// List is a list as read.
type List struct {
	Rows []Row
	// Header is the line with the names of the columns, "" for none.
	Header string
}

// Words are what a list is read with.
type Words struct {
	// Column finds what a name at the head of a column means.
	Column func(name string) (Column, bool)
	// Split takes a text of options apart as a shell would.
	Split func(text string) ([]string, error)
}

// Read reads a list: the semicolon files of imapsync's loops (4 to 8 columns), or
// columns with commas, tabs or semicolons under a line of option names. Everything
// that is wrong comes back as faults; err is for a file that cannot be read at all.
func Read(r io.Reader, w Words) (List, []Fault, error) {
	p := &parser{words: w}
	// Spreadsheets write UTF-8 or UTF-16 behind a byte order mark.
	in := bufio.NewScanner(transform.NewReader(r, unicode.BOMOverride(encoding.Nop.NewDecoder())))
	in.Buffer(make([]byte, 0, 4096), maxLine)
	for in.Scan() {
		p.line++
		// One stands in the middle where lists were put together.
		text := strings.TrimPrefix(strings.TrimSuffix(in.Text(), "\r"), "\ufeff")
		if strings.TrimSpace(text) == "" || strings.HasPrefix(strings.TrimLeft(text, " \t"), "#") || !p.begun && isSeparatorLine(text) {
			continue
		}
		switch control := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }); {
		case control >= 0 && text[control] == 0:
			p.fault("it has a NUL character: it may be UTF-16, or no list at all. Save the list as UTF-8")
			p.number()
			continue
		case !utf8.ValidString(text):
			p.fault("it is not UTF-8 text. Save the list as UTF-8")
			p.number()
			continue
		case control >= 0 && text[control] == '\r':
			p.fault("a carriage return is in the middle of it. Save the list with lines that end with LF or CR LF")
			p.number()
			continue
		case control >= 0:
			p.fault("it has the control character %q. Put a password with one into a passfile", text[control])
			p.number()
			continue
		}
		p.take(text)
		if len(p.list.Rows) > maxRows {
			return p.list, p.faults, fmt.Errorf("the list has more than %d rows: divide it", maxRows)
		}
	}
	if err := in.Err(); errors.Is(err, bufio.ErrTooLong) {
		return p.list, p.faults, fmt.Errorf("line %d is longer than %d bytes: that is no list of accounts", p.line+1, maxLine)
	} else if err != nil {
		return p.list, p.faults, fmt.Errorf("behind line %d: %w", p.line, err)
	}
	if len(p.list.Rows) == 0 && len(p.faults) == 0 {
		p.faults = append(p.faults, Fault{Text: "the list has no rows"})
	}
	return p.list, p.faults, nil
}

// parser reads a list line by line.
type parser struct {
	words   Words
	line    int
	begun   bool
	comma   byte
	columns []Column // of the header, nil for none
	list    List
	faults  []Fault
}

// isSeparatorLine reports whether a line is what spreadsheets write first to say which
// separator they use.
func isSeparatorLine(text string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(text)), "sep=")
	return ok && len(rest) <= 1
}

// number has a line that is no row keep its number, so that those behind it have theirs.
func (p *parser) number() {
	if p.begun {
		p.list.Rows = append(p.list.Rows, Row{Number: len(p.list.Rows) + 1, Line: p.line})
	}
}

func (p *parser) fault(format string, args ...any) {
	row := len(p.list.Rows) + 1
	if !p.begun {
		row = 0
	}
	p.faults = append(p.faults, Fault{Row: row, Line: p.line, Text: fmt.Sprintf(format, args...)})
}

// take reads one line that has something in it.
func (p *parser) take(text string) {
	if !p.begun {
		p.comma = ';'
		isHeader := p.header(text) // its faults are of no row
		p.begun = true
		if isHeader {
			return
		}
	}
	if p.columns != nil && text == p.list.Header {
		// Lists were put together: what was a name of a column would be a user.
		p.fault("the names of the columns are here again. Take this line out")
		p.number()
		return
	}
	row := Row{Number: len(p.list.Rows) + 1, Line: p.line, Source: text}
	cells, err := split(text, p.comma)
	faults := []error{err}
	if err == nil {
		if p.columns != nil {
			row.Args, faults = p.byHeader(cells)
		} else {
			row.Args, faults = p.byPosition(cells)
		}
	}
	for _, err := range faults {
		p.fault("%v", err)
	}
	p.list.Rows = append(p.list.Rows, row) // a row with a fault keeps its number
}

// split takes a line apart. A cell between double quotes may hold the separator, and
// a quote written twice (RFC 4180); a quote elsewhere is a character like others.
func split(line string, comma byte) ([]string, error) {
	var cells []string
	for {
		if strings.HasPrefix(line, `"`) {
			cell, rest, err := quoted(line[1:])
			if err != nil {
				return nil, fmt.Errorf("column %d: %w", len(cells)+1, err)
			}
			if rest != "" && rest[0] != comma {
				return nil, fmt.Errorf("column %d: there is something behind its closing double quote", len(cells)+1)
			}
			cells = append(cells, cell)
			if rest == "" {
				return cells, nil
			}
			line = rest[1:]
			continue
		}
		i := strings.IndexByte(line, comma)
		if i < 0 {
			return append(cells, line), nil
		}
		cells, line = append(cells, line[:i]), line[i+1:]
	}
}

// quoted reads to the closing quote.
func quoted(s string) (cell, rest string, err error) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return "", "", fmt.Errorf("its double quote is not closed on the same line")
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		if !strings.HasPrefix(s, `"`) {
			return b.String(), s, nil
		}
		b.WriteByte('"')
		s = s[1:]
	}
}
