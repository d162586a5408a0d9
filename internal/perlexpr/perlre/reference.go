package perlre

import (
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr/perllex"
)

func (p *patternParser) backref(num int) *node {
	n := &node{op: opBackref, num: num, fold: p.flags.I}
	p.refs = append(p.refs, n)
	return n
}

func (p *patternParser) backrefName(name string) *node {
	n := &node{op: opBackref, name: name, fold: p.flags.I}
	p.refs = append(p.refs, n)
	return n
}

// namedReference reads what follows \g or \k.
func (p *patternParser) namedReference(start int, c byte) (*node, error) {
	closing := map[byte]string{'{': "}", '<': ">", '\'': "'"}[p.peek()]
	if closing == "" || c == 'g' && closing != "}" {
		n := 0
		if c == 'g' {
			for n < len(p.rest()) && ('0' <= p.rest()[n] && p.rest()[n] <= '9' || n == 0 && p.rest()[n] == '-') {
				n++
			}
		}
		if n == 0 {
			return nil, p.errorf(start, "\\%c needs a group: write \\g{1} or \\k<name>", c)
		}
		name := p.rest()[:n]
		p.pos += n
		return p.numberedReference(start, name)
	}
	end := strings.Index(p.rest()[1:], closing)
	if end < 0 {
		return nil, p.errorf(start, "the reference has no closing %s", closing)
	}
	name := strings.Trim(p.rest()[1:1+end], " \t")
	p.pos += end + 2
	if perllex.IsName(name) {
		return p.backrefName(name), nil
	}
	if c == 'g' {
		return p.numberedReference(start, name)
	}
	return nil, p.errorf(start, "%s is no group name: a letter or _ comes first", perllex.Show(name))
}

func (p *patternParser) numberedReference(start int, text string) (*node, error) {
	num, err := strconv.Atoi(text)
	if err != nil || num == 0 {
		return nil, p.errorf(start, "%s is no group: the first is 1", perllex.Show(text))
	}
	if num < 0 {
		if num += p.groups + 1; num < 1 {
			return nil, p.errorf(start, "there is no group %s places back", text)
		}
	}
	return p.backref(num), nil
}
