package folders

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/perlexpr"
)

// Choice says which host1 folders take part.
type Choice struct {
	// Wanted are the raw names in the order of work.
	Wanted []string
	// All says that no option selected anything, so every folder takes part.
	All bool
	// Steps are the --include and --exclude values with the names they moved.
	Steps []Step
	// Ignored are names that were asked for and take no part.
	Ignored []Ignored
	// Problems are mistakes found on the way; those that are not warnings
	// should end in a non-zero exit code.
	Problems []Problem
}

// Step is the effect of one --include or --exclude.
type Step struct {
	Pattern string
	Exclude bool
	Names   []string
}

// Ignored is a folder that was asked for and takes no part.
type Ignored struct{ Name, Why string }

// choose selects and orders host1's folders as imapsync does (--folder,
// --folderrec, --subscribed, --include, --exclude, --folderfirst, --folderlast).
// sub1 is the folder of --subfolder1 as listed, or "".
func choose(o *Options, side Side, x *index, sp Space, sub1 string, vars perlexpr.Vars) (Choice, error) {
	c := chooser{o: o, x: x, sep: separator(sp.Sep), prefix: prefixOf(sp), set: map[string]bool{}}
	for _, f := range side.Folders {
		c.announced(f)
		if !f.Selectable() {
			if c.containers == nil {
				c.containers = map[string]bool{}
			}
			c.containers[f.Name] = true
		}
	}
	c.only()
	if o.Subscribed {
		c.subscribed(side.Subscribed)
	}
	for _, r := range o.Recursive {
		c.recursive(r)
	}
	if sub1 != "" {
		c.below(sub1)
	}
	if len(o.Only)+len(o.Recursive)+len(o.Include) == 0 && !o.Subscribed && sub1 == "" {
		c.All = true
		for _, n := range x.names {
			c.set[n] = true
		}
	}
	if err := c.include(vars); err != nil {
		return Choice{}, err
	}
	if err := c.exclude(vars); err != nil {
		return Choice{}, err
	}
	c.excludeRoles()
	c.order()
	if len(c.Wanted) == 0 && len(x.names) > 0 && len(c.Problems) == 0 {
		c.Problems = append(c.Problems, c.nothingLeft())
	}
	return c.Choice, nil
}

// nothingLeft names the option by which no folder is left.
func (c *chooser) nothingLeft() Problem {
	p := Problem{Option: "--subscribed", What: "no folder of host1 is left", Remedy: "--justfolderlists shows the names"}
	if n := len(c.o.Exclude); n > 0 {
		p.Option, p.Value = "--exclude", c.o.Exclude[n-1].String()
		p.What = "no folder of host1 is left after it"
	}
	return p
}

type chooser struct {
	Choice
	o          *Options
	x          *index
	sep        string
	prefix     string
	containers map[string]bool
	set        map[string]bool
	// roles are those that folders announce, by name.
	roles map[string]string
}

func (c *chooser) only() {
	for _, typed := range c.o.Only {
		if n, ok := c.x.find(typed); ok {
			c.set[n] = true
			continue
		}
		p := Problem{Option: "--folder", Value: typed}
		switch {
		case c.containers[typed] || c.containers[ToRaw(typed)]:
			p.What, p.Remedy = "is not selectable", "use --folderrec to take its children"
			c.Ignored = append(c.Ignored, Ignored{typed, "is not selectable"})
		case !c.o.CheckExist:
			c.set[ToRaw(typed)] = true
			continue
		default:
			p.What, p.Remedy = "is not in host1 whole folders list", c.suggest(typed)
			c.Ignored = append(c.Ignored, Ignored{typed, "is not in host1 whole folders list"})
		}
		c.Problems = append(c.Problems, p)
	}
}

func (c *chooser) suggest(typed string) string {
	if n := c.x.nearest(typed, c.prefix); n != "" {
		return fmt.Sprintf("did you mean %q?", Text(n))
	}
	return "--justfolderlists shows the names"
}

// subscribed adds LSUB. A subscription to a folder that is gone is common and
// no mistake of the user: it is told and left.
func (c *chooser) subscribed(names []string) {
	for _, n := range names {
		switch {
		case c.x.raw[n]:
			c.set[n] = true
		case IsInbox(n):
			if own, ok := c.x.find(n); ok {
				c.set[own] = true
			}
		case c.containers[n]:
		default:
			c.Ignored = append(c.Ignored, Ignored{n, "is not in host1 whole folders list"})
		}
	}
}

// recursive expands --folderrec over the list: the folder and all below it. A
// trailing separator means only what is below; "%" and "*" are the wildcards of
// LIST unless a folder has exactly this name.
func (c *chooser) recursive(typed string) {
	root := strings.TrimSuffix(typed, c.sep)
	onlyBelow := root != typed
	n, ok := c.x.find(root)
	switch {
	case ok:
		root = n
	case strings.ContainsAny(root, "%*"):
		root = ToRaw(root)
		hit := false
		for _, name := range c.x.names {
			if (!onlyBelow && glob(root, name, c.sep)) || glob(root+c.sep+"*", name, c.sep) {
				c.set[name] = true
				hit = true
			}
		}
		if !hit {
			c.Problems = append(c.Problems, Problem{Option: "--folderrec", Value: typed, What: "matches no host1 folder", Remedy: "--justfolderlists shows the names"})
		}
		return
	default:
		root = ToRaw(root)
	}
	before := len(c.set)
	lo := sort.SearchStrings(c.x.names, root+c.sep)
	hit := ok && !onlyBelow
	if hit {
		c.set[root] = true
	}
	for ; lo < len(c.x.names) && strings.HasPrefix(c.x.names[lo], root+c.sep); lo++ {
		c.set[c.x.names[lo]] = true
		hit = true
	}
	if !hit && len(c.set) == before {
		c.Problems = append(c.Problems, Problem{Option: "--folderrec", Value: typed, What: "no such folder on host1, and none below it", Remedy: c.suggest(root)})
	}
}

func (c *chooser) below(root string) {
	c.set[root] = true
	for lo := sort.SearchStrings(c.x.names, root+c.sep); lo < len(c.x.names) && strings.HasPrefix(c.x.names[lo], root+c.sep); lo++ {
		c.set[c.x.names[lo]] = true
	}
}

// include adds over all folders of host1.
func (c *chooser) include(vars perlexpr.Vars) error {
	for _, e := range c.o.Include {
		s := Step{Pattern: e.String()}
		for _, n := range c.x.names {
			ok, err := matches(e, n, vars)
			if err != nil {
				return fmt.Errorf("--include %q on folder %q: %w", e, Text(n), err)
			}
			if ok {
				c.set[n] = true
				s.Names = append(s.Names, n)
			}
		}
		if len(s.Names) == 0 {
			remedy := "--justfolderlists shows the names; the match is case-sensitive"
			if looks := near(wanted(e.String()), c.x.names, c.prefix); len(looks) > 0 {
				remedy = "names that look like it: " + quoted(looks) + "; the match is case-sensitive"
			}
			c.Problems = append(c.Problems, Problem{Option: "--include", Value: e.String(), What: "matches no host1 folder", Remedy: remedy})
		}
		c.Steps = append(c.Steps, s)
	}
	return nil
}

// quoted is a list of names as people read them.
func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strconv.Quote(Text(n))
	}
	return strings.Join(out, ", ")
}

// exclude removes from what was requested so far, whatever the order of the
// options was.
func (c *chooser) exclude(vars perlexpr.Vars) error {
	if len(c.o.Exclude) == 0 {
		return nil
	}
	names := sortedKeys(c.set)
	for _, e := range c.o.Exclude {
		s := Step{Pattern: e.String(), Exclude: true}
		for _, n := range names {
			if !c.set[n] {
				continue
			}
			ok, err := matches(e, n, vars)
			if err != nil {
				return fmt.Errorf("--exclude %q on folder %q: %w", e, Text(n), err)
			}
			if ok {
				delete(c.set, n)
				s.Names = append(s.Names, n)
			}
		}
		c.Steps = append(c.Steps, s)
	}
	return nil
}

// matches tries the raw name, and the decoded one when the expression was
// typed with characters a raw name can not have.
func matches(e *perlexpr.Expr, raw string, vars perlexpr.Vars) (bool, error) {
	ok, err := e.Match(raw, vars)
	if ok || err != nil || ascii(e.String()) {
		return ok, err
	}
	if text := Decode(raw); text != raw {
		return e.Match(text, vars)
	}
	return false, nil
}

// order puts --folderfirst before, --folderlast behind, the rest by bytes.
func (c *chooser) order() {
	rest := make(map[string]bool, len(c.set))
	for n := range c.set {
		rest[n] = true
	}
	take := func(list []string) (out []string) {
		for _, typed := range list {
			n, ok := c.x.find(typed)
			if ok && rest[n] {
				out = append(out, n)
				delete(rest, n)
			}
		}
		return out
	}
	first := take(c.o.First)
	last := take(c.o.Last)
	for _, n := range sortedKeys(rest) {
		if c.o.LastRole != "" && c.roles[n] == c.o.LastRole {
			last = append(last, n)
			delete(rest, n)
		}
	}
	c.Wanted = append(append(first, sortedKeys(rest)...), last...)
}

func sortedKeys(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for n := range set {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// glob matches a LIST pattern: "*" is any text, "%" any text without separator
// (RFC 3501 section 6.3.8).
func glob(pattern, name, sep string) bool {
	// One back-tracking point is enough for "*": the last one seen. "%" needs
	// its own, which a later "*" makes obsolete.
	type point struct{ p, n int }
	star, perc := point{-1, 0}, point{-1, 0}
	p, n := 0, 0
	for {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, perc = point{p, n}, point{-1, 0}
			p++
			continue
		case p < len(pattern) && pattern[p] == '%':
			perc = point{p, n}
			p++
			continue
		case p < len(pattern) && n < len(name) && pattern[p] == name[n]:
			p, n = p+1, n+1
			continue
		case p == len(pattern) && n == len(name):
			return true
		}
		if perc.p >= 0 && perc.n < len(name) && !strings.HasPrefix(name[perc.n:], sep) {
			perc.n++
			p, n = perc.p+1, perc.n
			continue
		}
		if star.p >= 0 && star.n < len(name) {
			star.n++
			p, n, perc = star.p+1, star.n, point{-1, 0}
			continue
		}
		return false
	}
}
