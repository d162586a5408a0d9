package perlexpr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

// array refuses @name: Perl would look for an array.
func (in *interpolator) array() error {
	rest := in.rest()
	if len(rest) < 2 {
		return nil
	}
	c := rest[1]
	switch {
	case c == '{':
		return errors.New(`@{ } runs Perl code, which is never done here: write \@ for the character @`)
	case perllex.IsWordByte(c), c == ':', c == '\'', c == '$', in.at != inPattern && (c == '+' || c == '-'):
		name := "@" + perllex.FirstWord(rest[1:])
		if name == "@" {
			name = rest[:2]
		}
		return fmt.Errorf(`%s names an array, which does not exist: write \%s for the text`, name, name)
	}
	return nil
}

// dollar reads a variable, or in a pattern the anchor $.
func (in *interpolator) dollar() error {
	rest := in.rest()
	if in.at == inPattern && (len(rest) == 1 || strings.IndexByte("()| \r\n\t", rest[1]) >= 0) {
		in.text = append(in.text, '$')
		in.pos++
		return nil
	}
	if len(rest) == 1 {
		return errors.New(`a lone $ ends the text: write \$ for the character`)
	}
	p, n, braces, err := in.variable(rest)
	if err != nil {
		return err
	}
	after := rest[n:]
	if !braces {
		if err := noSubscript(rest[:n], after); err != nil {
			return err
		}
	}
	in.put(p)
	in.pos += n
	return nil
}

// noSubscript refuses $1[0] and $1{x}, which Perl takes for elements of other
// variables.
func noSubscript(name, after string) error {
	if after == "" {
		return nil
	}
	if after[0] == '[' || after[0] == '{' || strings.HasPrefix(after, "->[") || strings.HasPrefix(after, "->{") {
		if digits := name[1:]; perllex.AllDigits(digits) && digits != "" {
			return fmt.Errorf("%s%c is an element of another variable for Perl: write ${%s}%c", name, after[0], digits, after[0])
		}
		return fmt.Errorf(`%s followed by %c is an element of it for Perl: put \ before the %c, or the variable in (?: )`, name, after[0], after[0])
	}
	return nil
}

// variable reads what $ begins. It returns the part, its length, and whether
// the name stood in braces, which ends it for good.
func (in *interpolator) variable(rest string) (p part, size int, braces bool, err error) {
	c := rest[1]
	switch {
	case '0' <= c && c <= '9':
		n := 1
		for n < len(rest) && '0' <= rest[n] && rest[n] <= '9' {
			n++
		}
		p, err = in.groupNumber(rest[1:n])
		return p, n, false, err
	case c == '{':
		return in.bracedVariable(rest)
	case c == '&' || c == '`' || c == '\'' || c == '+':
		if in.at != inReplacement {
			return p, 0, false, in.noMatchYet(rest[:2])
		}
		if c == '+' && strings.HasPrefix(rest, "$+{") {
			return in.namedGroup(rest)
		}
		if c == '\'' && len(rest) > 2 && perllex.IsName(rest[2:3]) {
			return p, 0, false, errors.New("$' followed by a letter is another variable for Perl: write ${^POSTMATCH} and the modifier p")
		}
		return part{kind: map[byte]partKind{'&': partGroup, '`': partBefore, '\'': partAfter, '+': partLast}[c]}, 2, false, nil
	case perllex.IsWordByte(c):
		name := perllex.FirstWord(rest[1:])
		n := 1 + len(name)
		if strings.HasPrefix(rest[n:], "::") {
			return p, 0, false, fmt.Errorf(`$%s:: is a package variable, which is never read: write \$ for the character $`, name)
		}
		if name == "sync" || name == "mysync" {
			key, used, err := hashVariable(name, rest[n:], in.kind)
			return part{kind: partVar, text: key}, n + used, false, err
		}
		if name == in.kind.subject() && in.at == inReplacement {
			return part{kind: partSubject}, n, false, nil
		}
		return p, 0, false, unknownVariable(name)
	}
	shown := rest[:2]
	if in.at == inPattern {
		return p, 0, false, fmt.Errorf(`%s is a variable of Perl itself: write \$ for the character $, or (?:$) for the end of the text`, perllex.Show(shown))
	}
	return p, 0, false, fmt.Errorf(`%s is a variable of Perl itself: write \$ for the character $`, perllex.Show(shown))
}

func (in *interpolator) noMatchYet(name string) error {
	if in.at == inString {
		return fmt.Errorf(`%s is empty here, nothing has matched yet: write \\$ for the character $`, name)
	}
	return fmt.Errorf(`%s is empty in a pattern, nothing has matched yet: write \1 for the first group, \$ for the character $`, name)
}

func (in *interpolator) groupNumber(digits string) (part, error) {
	if in.at != inReplacement {
		return part{}, in.noMatchYet("$" + digits)
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return part{}, fmt.Errorf("there is no group %s", digits)
	}
	if n == 0 {
		return part{}, errors.New("$0 is the name of the program: write $& for all that matched")
	}
	return part{kind: partGroup, num: n}, nil
}

func (in *interpolator) namedGroup(rest string) (part, int, bool, error) {
	end := strings.IndexByte(rest, '}')
	if end < 0 {
		return part{}, 0, false, errors.New("$+{ has no closing }")
	}
	name := strings.Trim(rest[3:end], " \t\"'")
	if !perllex.IsName(name) {
		return part{}, 0, false, fmt.Errorf("$+{%s} needs the name of a group", name)
	}
	return part{kind: partNamed, text: name}, end + 1, false, nil
}

// bracedVariable reads ${1}, ${&}, ${^MATCH} and their kin.
func (in *interpolator) bracedVariable(rest string) (part, int, bool, error) {
	end := strings.IndexByte(rest, '}')
	if end < 0 {
		return part{}, 0, false, errors.New(`${ has no closing }: write \$ for the character $`)
	}
	name := strings.Trim(rest[2:end], " \t\r\n")
	var p part
	var err error
	special, isSpecial := map[string]partKind{
		"&": partGroup, "^MATCH": partGroup,
		"`": partBefore, "^PREMATCH": partBefore,
		"'": partAfter, "^POSTMATCH": partAfter,
		"+": partLast,
	}[name]
	switch {
	case name != "" && perllex.AllDigits(name):
		p, err = in.groupNumber(name)
	case isSpecial && in.at == inReplacement:
		p = part{kind: special}
	case isSpecial:
		err = in.noMatchYet("${" + name + "}")
	case perllex.IsName(name) && name == in.kind.subject() && in.at == inReplacement:
		p = part{kind: partSubject}
	case perllex.IsName(name):
		err = unknownVariable(name)
	default:
		err = fmt.Errorf(`${%s} would run Perl code, which is never done: write \$ for the character $`, name)
	}
	return p, end + 1, true, err
}
