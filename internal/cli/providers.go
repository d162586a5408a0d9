package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/provider"
)

// providers sets what --provider1 and --provider2 stand for, where the user said
// nothing else, and says what that is.
func (p *preset) providers() {
	if !p.v.flag("provider") {
		return
	}
	names := [2]string{p.v.str("provider1"), p.v.str("provider2")}
	for side := 1; side <= 2; side++ {
		k, ok := provider.Find(names[side-1])
		if !ok {
			continue
		}
		n := strconv.Itoa(side)
		if k.Host != "" && !p.v.has("host"+n) {
			p.v.orElse("host"+n, k.Host)
			p.v.def("ssl"+n, "true")
		}
		var set []provider.Setting
		for _, s := range provider.Settings(names, side) {
			if p.take(s) {
				set = append(set, s)
			}
		}
		p.say(fmt.Sprintf("Host%s is %s (--provider%s %s), which stands for: %s (source of its limits: %s, %s)", n, k.Title, n, k.Name, provider.Typed(set), k.Source, k.Date))
	}
}

// take sets one option, unless the user did.
func (p *preset) take(s provider.Setting) bool {
	switch s.Option {
	case "exclude":
		if p.v.flag("noexclude") {
			return false
		}
		p.add.exclude = append(p.add.exclude, s.Value)
		return true
	case "excluderole":
		if p.v.flag("noexclude") || p.v.given("excluderole") {
			return false
		}
		p.add.roles = append(p.add.roles, s.Value)
		return true
	}
	if p.v.has(s.Option) {
		return !p.v.given(s.Option)
	}
	value := s.Value
	if p.v.flagOf(s.Option).Value.Type() == "bool" {
		value = "true"
	}
	p.v.def(s.Option, value)
	return true
}

// providerOfDemo takes the name of a provider that stands behind --testslive out of the
// arguments.
func providerOfDemo(args []string) ([]string, string) {
	for i := 1; i < len(args); i++ {
		if word := strings.TrimLeft(args[i-1], "-"); word != "testslive" || word == args[i-1] {
			continue
		}
		if k, ok := provider.Find(args[i]); ok {
			return slices.Delete(slices.Clone(args), i, i+1), k.Name
		}
	}
	return args, ""
}

// checkProviders refuses a provider that is not known.
func (b *builder) checkProviders() {
	for _, n := range []string{"1", "2"} {
		name := b.v.str("provider" + n)
		if name == "" && !b.v.given("provider"+n) {
			continue
		}
		if _, ok := provider.Find(name); !ok {
			b.bad.add("--provider%s %s: not a provider that is known here. Give one of %s, or leave the option out.", n, name, strings.Join(provider.Names(), ", "))
		}
		if !b.v.flag("provider") {
			b.bad.add("--noprovider and --provider%s: the one undoes the other. Drop one of them.", n)
		}
	}
}

// providerName is the name of a provider in one spelling.
func providerName(name string) string {
	k, _ := provider.Find(name)
	return k.Name
}

// roles are the attributes of --excluderole.
func (b *builder) roles() []string {
	var out []string
	for _, given := range append(b.v.list("excluderole"), b.add.roles...) {
		i := slices.IndexFunc(folders.Roles(), func(r string) bool { return strings.EqualFold(r, strings.TrimPrefix(given, `\`)) })
		if i < 0 {
			b.bad.add("--excluderole %s: not a role. Give one of %s.", given, strings.Join(folders.Roles(), ", "))
			continue
		}
		out = append(out, `\`+folders.Roles()[i])
	}
	return out
}
