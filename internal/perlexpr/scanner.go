package perlexpr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
	"github.com/imaphaul/imaphaul/internal/perlexpr/perlre"
)

// scanner reads Perl's operator syntax.
type scanner struct {
	src  string
	pos  int
	kind Kind
}

func (sc *scanner) rest() string { return sc.src[sc.pos:] }

// skipBlanks passes over blanks and comments. It returns whether there were
// any, and whether one was a comment.
func (sc *scanner) skipBlanks() (any, comment bool) {
	for sc.pos < len(sc.src) {
		c := sc.src[sc.pos]
		switch {
		case c == ' ' || '\t' <= c && c <= '\r':
			sc.pos++
		case c == '#':
			comment = true
			end := strings.IndexByte(sc.rest(), '\n')
			if end < 0 {
				end = len(sc.rest())
			}
			sc.pos += end
		default:
			return any, comment
		}
		any = true
	}
	return any, comment
}

// word reads letters, digits and underscores.
func (sc *scanner) word() string {
	w := perllex.FirstWord(sc.rest())
	sc.pos += len(w)
	return w
}

// closers are the delimiters that come in pairs.
var closers = map[byte]byte{'(': ')', '[': ']', '{': '}', '<': '>'}

// delimited reads from an opening delimiter to its end. Paired delimiters
// nest. A backslash before the delimiter is dropped, except between pairs if
// keepPairs is set: pattern and text inside s{}{} and m{} need it there.
func (sc *scanner) delimited(what string, keepPairs bool) (text string, stripped, ok bool, open byte, err error) {
	if sc.pos >= len(sc.src) {
		return "", false, false, 0, fmt.Errorf("%s is missing: an expression is written /pattern/, s/pattern/replacement/ or tr/list/list/", what)
	}
	open = sc.src[sc.pos]
	shut, paired := closers[open]
	if !paired {
		shut = open
	}
	sc.pos++
	var out []byte
	depth := 1
	for sc.pos < len(sc.src) {
		c := sc.src[sc.pos]
		if c == '\\' && open != '\\' && sc.pos+1 < len(sc.src) {
			next := sc.src[sc.pos+1]
			if (next == open || next == shut) && !(paired && keepPairs) {
				stripped = true
			} else {
				out = append(out, c)
			}
			out = append(out, next)
			sc.pos += 2
			continue
		}
		sc.pos++
		if c == shut {
			if depth--; depth == 0 {
				return string(out), stripped, paired, open, nil
			}
		} else if paired && c == open {
			depth++
		}
		out = append(out, c)
	}
	return "", false, false, open, fmt.Errorf("%s is not terminated: the closing %c is missing", what, shut)
}

// toDelimiter moves from behind an operator's name to its first delimiter. A #
// only delimits if it follows at once.
func (sc *scanner) toDelimiter(name string) error {
	if sc.pos < len(sc.src) && sc.src[sc.pos] != '#' {
		sc.skipBlanks()
	}
	if strings.HasPrefix(sc.rest(), "=>") || sc.pos >= len(sc.src) {
		return fmt.Errorf("%s has no delimiters: write %s/.../", name, name)
	}
	return nil
}

// operator reads one operator with its flags.
func (sc *scanner) operator() (*operator, error) {
	start := sc.pos
	if sc.pos >= len(sc.src) {
		return nil, errors.New("it is empty: write s/pattern/replacement/ to rewrite, /pattern/ to match")
	}
	var o *operator
	var err error
	switch c := sc.src[sc.pos]; {
	case c == '/':
		o, err = sc.match("m")
	case c == '"':
		o, err = sc.quoted(true)
	case c == '\'':
		o, err = sc.quoted(false)
	case c == '`':
		err = errors.New("`...` would run a command, which is never done")
	case c == '!':
		err = errors.New(`! does not negate here, Perl would match against 1: write m{\A(?!.*perlre.Pattern)}s to match texts without the pattern`)
	case '0' <= c && c <= '9':
		err = fmt.Errorf("%s is a number: write /%s/ to match it", perllex.FirstWord(sc.rest()), perllex.FirstWord(sc.rest()))
	case perllex.IsWordByte(c):
		switch name := sc.word(); name {
		case "m", "qr":
			if err = sc.toDelimiter(name); err == nil {
				o, err = sc.match(name)
			}
		case "s":
			if err = sc.toDelimiter(name); err == nil {
				o, err = sc.substitution()
			}
		case "tr", "y":
			if err = sc.toDelimiter(name); err == nil {
				o, err = sc.transliteration()
			}
		case "q", "qq":
			if err = sc.toDelimiter(name); err == nil {
				o, err = sc.quoted(name == "qq")
			}
		default:
			err = sc.notAnOperator(sc.src[start:])
		}
	default:
		err = sc.notAnOperator(sc.rest())
	}
	if err != nil {
		return nil, err
	}
	o.source = sc.src[start:sc.pos]
	return o, nil
}

func (sc *scanner) notAnOperator(text string) error {
	if sc.kind.deletes() || sc.kind == Skip {
		return fmt.Errorf("%s is no Perl match: put the pattern between delimiters, as in m{^Archive/}", perllex.Show(text))
	}
	return fmt.Errorf("%s is no Perl operator: write s/pattern/replacement/ or tr/list/list/", perllex.Show(text))
}

func (sc *scanner) match(name string) (*operator, error) {
	raw, stripped, _, open, err := sc.delimited("the pattern", true)
	if err != nil {
		return nil, err
	}
	o := &operator{name: "m"}
	if o.flags, err = parseOperatorFlags(name, sc.word()); err != nil {
		return nil, err
	}
	o.noteDelimiter(stripped, open)
	return o, o.setPattern(raw, open == '\'', sc.kind)
}

// quoted reads a string that serves as the pattern.
func (sc *scanner) quoted(interpolated bool) (*operator, error) {
	raw, _, _, _, err := sc.delimited("the string", false)
	if err != nil {
		return nil, err
	}
	o := &operator{name: "m"}
	t := template{{kind: partText, text: strings.ReplaceAll(raw, `\\`, `\`)}}
	if interpolated {
		if t, err = interpolate(raw, inString, sc.kind, false); err != nil {
			return nil, fmt.Errorf("string %s: %w", perllex.Show(raw), err)
		}
	}
	o.pattern, err = newPatternSource(t, perlre.Flags{}, sc.kind)
	return o, err
}

func (sc *scanner) substitution() (*operator, error) {
	raw, stripped, paired, open, err := sc.delimited("the pattern", true)
	if err != nil {
		return nil, err
	}
	replOpen, err := sc.secondPart(paired)
	if err != nil {
		return nil, err
	}
	repl, _, _, _, err := sc.delimited("the replacement", false)
	if err != nil {
		return nil, err
	}
	o := &operator{name: "s", replRaw: repl}
	if o.flags, err = parseOperatorFlags("s", sc.word()); err != nil {
		return nil, err
	}
	o.noteDelimiter(stripped, open)
	if err := o.setPattern(raw, open == '\'', sc.kind); err != nil {
		return nil, err
	}
	switch {
	case o.flags.eval > 0:
		o.repl, err = parseEval(repl, o.flags.eval, sc.kind)
	case replOpen == '\'':
		o.repl = template{{kind: partText, text: strings.ReplaceAll(repl, `\\`, `\`)}}
	default:
		o.repl, err = interpolate(repl, inReplacement, sc.kind, false)
		if !o.flags.preserve && strings.Contains(repl, "${^") && err == nil {
			err = errors.New("${^MATCH} and its kin are empty without the modifier p: add it, or write $&")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("replacement %s: %w", perllex.Show(repl), err)
	}
	return o, nil
}

// secondPart moves to where the second text of s or tr begins, and returns its
// delimiter. Behind a pair it has delimiters of its own; else it shares the
// one just read.
func (sc *scanner) secondPart(paired bool) (byte, error) {
	if !paired {
		sc.pos--
		return sc.src[sc.pos], nil
	}
	if sc.pos < len(sc.src) && sc.src[sc.pos] != '#' {
		sc.skipBlanks()
	}
	if sc.pos >= len(sc.src) {
		return 0, errors.New("the second part is missing: write both, as in s{a}{b}")
	}
	return sc.src[sc.pos], nil
}

func (sc *scanner) transliteration() (*operator, error) {
	search, _, paired, open, err := sc.delimited("the first list", false)
	if err != nil {
		return nil, err
	}
	if _, err := sc.secondPart(paired); err != nil {
		return nil, err
	}
	repl, _, _, _, err := sc.delimited("the second list", false)
	if err != nil {
		return nil, err
	}
	o := &operator{name: "tr", replRaw: repl}
	if o.flags, err = parseOperatorFlags("tr", sc.word()); err != nil {
		return nil, err
	}
	o.trans, err = compileTransliteration(search, repl, o.flags, open == '\'')
	return o, err
}
