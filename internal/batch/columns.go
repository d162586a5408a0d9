package batch

import (
	"fmt"
	"strings"
)

// Column is what a column of a list stands for.
type Column struct {
	// Option is the option's whole name, without dashes.
	Option string
	// Switch: it takes no value, so cells say yes or no; Negatable: no can be said.
	Switch, Negatable bool
}

// unknownColumn stands for a column whose name is no option, which is told once.
const unknownColumn = "?"

// header reads the first line as names of columns, if it is that.
func (p *parser) header(text string) bool {
	for _, comma := range []byte{',', '\t', ';'} {
		if strings.IndexByte(text, comma) < 0 {
			continue
		}
		cells, err := split(text, comma)
		if err != nil || !p.isHeader(cells, comma) {
			continue
		}
		p.comma, p.list.Header = comma, text
		seen := make(map[string]bool)
		for i, c := range cells {
			name := headerName(c)
			col, ok := p.words.Column(name)
			switch {
			case name == "options", name == "":
				col = Column{Option: name}
			case !ok:
				// Where accounts have such names the line is a row, and this a password.
				p.fault("column %d of the first line, which has names of columns: no option has the name that stands there (it is not shown, since it might be a password)", i+1)
				col = Column{Option: unknownColumn}
			}
			if seen[col.Option] && col.Option != "" && col.Option != unknownColumn && col.Option != "options" {
				p.fault("column %q is there twice", name)
			}
			seen[col.Option] = true
			p.columns = append(p.columns, col)
		}
		return true
	}
	return false
}

// isHeader reports whether a line names columns: user1 or user2 is one of them. With
// semicolons it may be the first account as well, of somebody who is called user1: then
// most cells have to be names.
func (p *parser) isHeader(cells []string, comma byte) bool {
	users, known, all := 0, 0, 0
	for _, c := range cells {
		name := headerName(c)
		col, ok := p.words.Column(name)
		if ok && (col.Option == "user1" || col.Option == "user2") {
			users++
		}
		if ok || name == "options" {
			known++
		}
		if name != "" {
			all++
		}
	}
	return users > 0 && (comma != ';' || 2*known > all)
}

// trimmed is a cell without blanks around it where none belong: names of hosts and users.
func trimmed(option, cell string) string {
	switch strings.TrimRight(option, "12") {
	case "host", "user":
		return strings.TrimSpace(cell)
	}
	return cell
}

func headerName(cell string) string {
	return strings.ToLower(strings.TrimLeft(strings.TrimSpace(cell), "-"))
}

// byHeader makes options of a row's cells. What is wrong with one cell leaves the others as
// they are; without any it is not known which cell is which.
func (p *parser) byHeader(cells []string) (args []string, faults []error) {
	if len(cells) > len(p.columns) {
		for _, c := range cells[len(p.columns):] {
			if c != "" {
				return nil, []error{fmt.Errorf("it has %s, the first line names %d. Put cells with the separator in them between double quotes", columnsOf(len(cells)), len(p.columns))}
			}
		}
		cells = cells[:len(p.columns)]
	}
	args = []string{}
	for i, c := range cells {
		col := p.columns[i]
		switch {
		case c == "", col.Option == unknownColumn:
		case col.Option == "":
			faults = append(faults, fmt.Errorf("column %d has no name, and a value", i+1))
		case col.Option == "options":
			words, err := p.words.Split(c)
			if err != nil {
				faults = append(faults, fmt.Errorf("column options: %w", err))
			}
			args = append(args, words...)
		case col.Switch:
			arg, err := col.flag(c)
			if err != nil {
				faults = append(faults, err)
			}
			if arg != "" {
				args = append(args, arg)
			}
		default:
			args = append(args, "--"+col.Option+"="+trimmed(col.Option, c))
		}
	}
	return args, faults
}

// flag is the argument that a cell of a switch stands for, "" for none.
func (c Column) flag(cell string) (string, error) {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "1", "yes", "y", "true", "on", "x":
		return "--" + c.Option, nil
	case "0", "no", "n", "false", "off", "-":
		if c.Negatable {
			return "--no" + c.Option, nil
		}
		return "", nil
	}
	return "", fmt.Errorf("column %s: give yes or no", c.Option)
}

// The columns of imapsync's loops, with and without hosts.
var (
	withHosts    = []string{"host1", "user1", "password1", "host2", "user2", "password2"}
	withoutHosts = []string{"user1", "password1", "user2", "password2"}
)

// byPosition makes options of the cells of imapsync's loops: hosts, users and
// passwords, and behind them options and an empty column. The faults are as in byHeader.
func (p *parser) byPosition(cells []string) (args []string, faults []error) {
	names := withHosts
	if n := len(cells); n == 4 || n == 5 || n == 6 && cells[5] == "" && extra(cells[4]) {
		names = withoutHosts
	}
	switch n := len(cells); {
	case n < 4:
		return nil, []error{fmt.Errorf("it has %s; give host1;user1;password1;host2;user2;password2, or a first line with the names of the columns", columnsOf(n))}
	case n > len(names)+2, n == len(names)+2 && cells[n-1] != "":
		return nil, []error{fmt.Errorf("it has %s, at most %d are read. A ; in a password needs double quotes around the password", columnsOf(n), len(names)+1)}
	}
	args = []string{}
	for i, name := range names {
		if cells[i] != "" {
			args = append(args, "--"+name+"="+trimmed(name, cells[i]))
		}
	}
	if len(cells) > len(names) {
		more := cells[len(names)]
		if !extra(more) {
			return nil, []error{fmt.Errorf("column %d is for options, which begin with -. A ; in a password needs double quotes around the password", len(names)+1)}
		}
		words, err := p.words.Split(more)
		if err != nil {
			faults = append(faults, fmt.Errorf("its options: %w", err))
		}
		args = append(args, words...)
	}
	return args, faults
}

func columnsOf(n int) string {
	if n == 1 {
		return "1 column"
	}
	return fmt.Sprintf("%d columns", n)
}

// extra reports whether a cell may hold options.
func extra(cell string) bool {
	cell = strings.TrimSpace(cell)
	return cell == "" || strings.HasPrefix(cell, "-")
}
