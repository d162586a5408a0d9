package models

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// announced finds the announcement of a literal at the end of a line.
var announced = regexp.MustCompile(`~?\{(\d{1,10})(\+?)\}$`)

// command is a command with its literals: each stands in the text as a NUL.
type command struct {
	tag, verb, args string
	literals        [][]byte
}

// scanner reads the arguments of a command.
type scanner struct {
	text     string
	literals [][]byte
	bad      bool
}

func (c *command) scan() *scanner { return &scanner{text: c.args, literals: c.literals} }

func (s *scanner) blanks() { s.text = strings.TrimLeft(s.text, " ") }

// peek reports whether the next argument begins so.
func (s *scanner) peek(prefix string) bool {
	s.blanks()
	return strings.HasPrefix(s.text, prefix)
}

// end reports whether nothing is left.
func (s *scanner) end() bool { s.blanks(); return s.text == "" }

// word reads an astring or an atom; "" with bad set where there is none.
func (s *scanner) word() string {
	s.blanks()
	switch {
	case s.text == "":
		s.bad = true
		return ""
	case s.text[0] == 0:
		if len(s.literals) == 0 {
			s.bad = true
			return ""
		}
		v := s.literals[0]
		s.literals, s.text = s.literals[1:], s.text[1:]
		return string(v)
	case s.text[0] == '"':
		var out strings.Builder
		for i := 1; i < len(s.text); i++ {
			switch s.text[i] {
			case '"':
				s.text = s.text[i+1:]
				return out.String()
			case '\\':
				if i++; i < len(s.text) {
					out.WriteByte(s.text[i])
				}
			default:
				out.WriteByte(s.text[i])
			}
		}
		s.bad = true
		return ""
	}
	end := strings.IndexAny(s.text, " ()\x00")
	if end < 0 {
		end = len(s.text)
	}
	if end == 0 {
		s.bad = true
		return ""
	}
	v := s.text[:end]
	s.text = s.text[end:]
	return v
}

// list reads a parenthesised list of words, or one word.
func (s *scanner) list() (out []string) {
	if !s.peek("(") {
		return []string{s.word()}
	}
	s.text = s.text[1:]
	for {
		s.blanks()
		if s.text == "" {
			s.bad = true
			return nil
		}
		if s.text[0] == ')' {
			s.text = s.text[1:]
			return out
		}
		if s.text[0] == '(' {
			out = append(out, "("+strings.Join(s.list(), " ")+")")
			continue
		}
		out = append(out, s.word())
		if s.bad {
			return nil
		}
	}
}

// item is something that FETCH shall tell.
type item struct {
	name    string // in upper case; BODY and BODY.PEEK without brackets
	section string // what is in the brackets
	body    bool
	from, n int // of a part; n < 0 for all
}

var part = regexp.MustCompile(`^<(\d+)\.(\d+)>`)

// items reads what FETCH shall tell.
func (s *scanner) items() (out []item) {
	s.blanks()
	listed := strings.HasPrefix(s.text, "(")
	s.text = strings.TrimPrefix(s.text, "(")
	for {
		s.blanks()
		if s.text == "" || s.text[0] == ')' {
			break
		}
		end := strings.IndexAny(s.text, " ()[")
		if end < 0 {
			end = len(s.text)
		}
		it := item{name: strings.ToUpper(s.text[:end]), n: -1}
		s.text = s.text[end:]
		if strings.HasPrefix(s.text, "[") {
			to := strings.IndexByte(s.text, ']')
			if to < 0 {
				s.bad = true
				return nil
			}
			it.section, it.body = strings.ToUpper(s.text[1:to]), true
			s.text = s.text[to+1:]
			if m := part.FindStringSubmatch(s.text); m != nil {
				it.from, _ = strconv.Atoi(m[1])
				it.n, _ = strconv.Atoi(m[2])
				s.text = s.text[len(m[0]):]
			}
		}
		if it.name == "" {
			s.bad = true
			return nil
		}
		out = append(out, it)
		if !listed {
			return out
		}
	}
	if listed && !strings.HasPrefix(s.text, ")") {
		s.bad = true
	}
	s.text = strings.TrimPrefix(s.text, ")")
	return out
}

// numbers is a set of UIDs or sequence numbers; 0 is the star.
type numbers [][2]uint32

func (s *scanner) set() (out numbers) {
	s.blanks()
	end := strings.IndexByte(s.text, ' ')
	if end < 0 {
		end = len(s.text)
	}
	text := s.text[:end]
	s.text = s.text[end:]
	number := func(t string) uint32 {
		if t == "*" {
			return 0
		}
		n, err := strconv.ParseUint(t, 10, 32)
		if err != nil || n == 0 {
			s.bad = true
		}
		return uint32(n)
	}
	for _, p := range strings.Split(text, ",") {
		from, to, is := strings.Cut(p, ":")
		if !is {
			to = from
		}
		out = append(out, [2]uint32{number(from), number(to)})
	}
	return out
}

// has reports whether a number is in the set; last is what the star stands for.
func (n numbers) has(x, last uint32) bool {
	for _, r := range n {
		from, to := r[0], r[1]
		if from == 0 {
			from = last
		}
		if to == 0 {
			to = last
		}
		if from > to {
			from, to = to, from
		}
		if x >= from && x <= to {
			return true
		}
	}
	return false
}

// quote writes a string for the wire.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// header is the header of a message, with the empty line behind it.
func header(body []byte) []byte {
	if i := bytes.Index(body, []byte("\r\n\r\n")); i >= 0 {
		return body[:i+4]
	}
	return body
}

// lines are header lines of some names, with the empty line behind them.
func lines(body []byte, names []string) []byte {
	var out []byte
	take := false
	for _, line := range bytes.SplitAfter(header(body), []byte("\n")) {
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, ok := bytes.Cut(line, []byte(":"))
			take = false
			for _, n := range names {
				take = take || ok && strings.EqualFold(strings.TrimSpace(string(name)), n)
			}
		}
		if take {
			out = append(out, line...)
		}
	}
	return append(out, "\r\n"...)
}
