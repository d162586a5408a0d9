package batchrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/hosts"
	"github.com/imaphaul/imaphaul/internal/plan"
)

// readList reads the list and checks every row, and what they do together.
func (b *run) readList() ([]batch.Fault, error) {
	list, faults, err := b.rows()
	if err != nil {
		return nil, err
	}
	b.list = list
	bad := make(map[int]bool)
	for _, x := range faults {
		bad[x.Row] = true
	}
	columns := !bad[0] || b.list.Header == "" // it is known what all columns are
	var rows []batch.Row
	var uses []batch.Accounts
	var servers [][2]hosts.Server
	written, problems := b.ownFiles()
	for _, text := range problems {
		faults = append(faults, batch.Fault{Text: text})
	}
	for _, dir := range b.PassfileDirs {
		if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
			faults = append(faults, batch.Fault{Text: fmt.Sprintf("--passfiledir %q: there is no such directory", dir)})
		}
	}
	for _, row := range b.list.Rows {
		if bad[row.Number] && row.Args == nil {
			continue
		}
		r := b.readRow(row)
		p, problems := r.Plan, r.Problems
		if p != nil && b.Hub == nil { // where workers write is their affair
			problems = written.take(p, fmt.Sprintf("row %d", row.Number))
		}
		for _, text := range problems {
			if !columns && slices.Contains(r.Lacks, text) {
				continue // it may stand in a column that is not known
			}
			text = b.concealed(row, text)
			faults = append(faults, batch.Fault{Row: row.Number, Line: row.Line, Text: text})
		}
		if p == nil {
			// What it does together with others is told as well.
			if p = r.Refused; p == nil || len(p.Missing) > 0 {
				continue
			}
		}
		b.keys[row.Number] = batch.Key(r.Masked)
		b.names[row.Number] = p.Accounts()
		b.rowsOf[row.Number] = row
		rows, uses = append(rows, row), append(uses, AccountsOf(p, r.Masked))
		servers = append(servers, [2]hosts.Server{hosts.Of(&p.Host1), hosts.Of(&p.Host2)})
	}
	if !columns {
		rows, uses, servers = nil, nil, nil
	}
	names := hosts.Same(context.Background(), servers)
	b.same = names
	for i, row := range rows {
		b.accounts[row.Number] = [2]string{servers[i][0].String() + " " + uses[i].From, servers[i][1].String() + " " + uses[i].To}
		uses[i].From, uses[i].To = servers[i][0].In(names)+" "+uses[i].From, servers[i][1].In(names)+" "+uses[i].To
		b.jobs = append(b.jobs, batch.Job{Row: row, Accounts: uses[i], Hosts: [2]string{servers[i][0].String(), servers[i][1].String()}})
		for _, one := range servers[i] {
			b.servers[one.String()] = one
		}
	}
	faults = append(faults, batch.CheckAccounts(rows, uses)...)
	for i, pair := range batch.SharedSources(uses) {
		if i == mostWarned {
			b.warnings = append(b.warnings, "Warning: ... and more rows that read an account in which another row deletes.")
			break
		}
		one, other := rows[pair[0]], rows[pair[1]]
		b.warnings = append(b.warnings, fmt.Sprintf("Warning: row %d (line %d) may delete on host1 in the account that row %d (line %d) reads: what it has deleted before, the other one does not find. Give them different folders, or run row %d when the other is finished.",
			one.Number, one.Line, other.Number, other.Line, one.Number))
	}
	slices.SortStableFunc(faults, func(x, y batch.Fault) int { return x.Row - y.Row })
	return faults, nil
}

// leastConcealed is the shortest value that is concealed wherever it stands: shorter ones
// are no passwords, and may be any word.
const leastConcealed = 4

// concealed is what is wrong with a row, without what may be a password. Where a list has
// names of columns, a cell too many or too few puts each cell behind it into the column of
// another one; where it has none, what is behind a semicolon in one is taken for options.
func (b *run) concealed(row batch.Row, problem string) string {
	if b.list.Header != "" {
		for _, arg := range row.Args {
			value := arg
			if option, of, ok := strings.Cut(arg, "="); ok && strings.HasPrefix(option, "-") {
				value = of
			}
			problem = strings.ReplaceAll(problem, `"`+value+`"`, `"..."`)
			if len(value) >= leastConcealed && !strings.HasPrefix(value, "--") {
				problem = withoutWord(problem, value)
			}
		}
		return problem
	}
	if word, behind := strings.CutSuffix(problem, " is no option."); behind && word != "" {
		return "Its last column has words behind an option that takes none. They are not shown, since they might be the end of a password: one with a ; in it needs double quotes around it"
	}
	name, unknown := strings.CutPrefix(problem, "Unknown option: ")
	if !unknown || slices.ContainsFunc(row.Args, func(arg string) bool {
		return strings.HasPrefix(strings.ToLower(arg), "--"+strings.TrimSuffix(name, "=MASKED"))
	}) {
		return problem
	}
	return "Its last column has an option that there is not. It is not shown, since it might be the end of a password: one with a ; in it needs double quotes around it"
}

// withoutWord is a text with "..." in place of a word, which may hold blanks.
func withoutWord(text, word string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, word)
		if i < 0 {
			return b.String() + text
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		behind, _ := utf8.DecodeRuneInString(text[i+len(word):])
		b.WriteString(text[:i])
		if isLetter(before) || isLetter(behind) {
			b.WriteString(word)
		} else {
			b.WriteString("...")
		}
		text = text[i+len(word):]
	}
}

func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// listWords are what a list is read with.
var listWords = batch.Words{
	Column: func(name string) (batch.Column, bool) {
		option, isSwitch, negatable, ok := cli.Column(name)
		return batch.Column{Option: option, Switch: isSwitch, Negatable: negatable}, ok
	},
	Split: cli.SplitWords,
}

// rows reads the list as it is written.
func (b *run) rows() (batch.List, []batch.Fault, error) {
	f, err := os.Open(b.File)
	if err != nil {
		return batch.List{}, nil, fmt.Errorf("the list %q cannot be read: %w. Give the file of accounts", b.File, errors.Unwrap(err))
	}
	defer f.Close() // only read
	if fi, err := f.Stat(); err == nil && fi.IsDir() {
		return batch.List{}, nil, fmt.Errorf("the list %q cannot be read: it is a directory. Give the file of accounts", b.File)
	}
	list, faults, err := batch.Read(f, listWords)
	if err != nil {
		return batch.List{}, nil, fmt.Errorf("the list %q: %w", b.File, err)
	}
	return list, faults, nil
}

// AccountsOf is what a row reads and writes, but for the names of the servers; masked are
// its options without secrets, nil where two equal rows need not be told apart. Users are
// compared without case, as most servers do: to run two rows after one another is no harm.
func AccountsOf(p *plan.Plan, masked []string) batch.Accounts {
	var whole []string
	value := false // of an option before
	for _, arg := range masked {
		if value {
			value = false
			continue
		}
		option, _, inside := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch strings.TrimRight(option, "12") {
		case "host", "user", "port", "password", "passfile", "secret", "token", "tokenfile":
			value = !inside
		default:
			whole = append(whole, arg)
		}
	}
	d := &p.Deletion
	return batch.Accounts{
		From: strings.ToLower(p.Host1.User), To: strings.ToLower(p.Host2.User), Whole: strings.Join(whole, "\x00"),
		Deletes1: d.Delete1 || d.Expunge1 || p.Folders.Delete1EmptyFolders,
		Deletes2: d.Delete2 || d.Delete2Duplicates || p.Folders.Delete2Folders,
	}
}

// mostWarned is how many rows are warned of that share an account.
const mostWarned = 20

// mostFaults is how many of the things that are wrong with a list are told.
const mostFaults = 500

// faulty tells everything that is wrong with the list.
func (b *run) faulty(faults []batch.Fault) error {
	for i, f := range faults {
		if i == mostFaults {
			_, _ = fmt.Fprintf(b.stderr, "Error: ... and %d more\n", len(faults)-i)
			break
		}
		place := fmt.Sprintf("row %d (line %d): ", f.Row, f.Line)
		switch {
		case f.Line == 0:
			place = ""
		case f.Row == 0:
			place = fmt.Sprintf("line %d: ", f.Line)
		}
		_, _ = fmt.Fprintf(b.stderr, "Error: %s%s\n", place, display.Text(strings.TrimSuffix(f.Text, ".")))
	}
	found := "1 fault"
	if len(faults) != 1 {
		found = fmt.Sprintf("%d faults", len(faults))
	}
	return fmt.Errorf("%s: %s in the list. Nothing was connected. Correct the list and run it again", b.File, found)
}
