package cli

import (
	"fmt"
	"slices"
	"strings"
)

// layer is where options come from, beside the command line.
type layer struct {
	// name is how messages call it.
	name  string
	given []given
}

// layers are the options of the command line with those from elsewhere in front of
// them: an option counts as it stands in the first of command line, environment,
// profile and file that has it, lists as well; presets only fill what none of them has.
// notes are lines that say what was taken from where, without secrets.
func (in *Input) layers(vocab *vocabulary, typed []given, bad *problems) (all []given, notes []string) {
	var found []layer
	if !in.Row { // a row gets what the batch took from its environment
		env, more := in.environment(vocab, bad)
		notes = append(notes, more...)
		found = append(found, env)
	}
	file, profile := lastText(typed, found, "config"), lastText(typed, found, "profile")
	switch {
	case file != "":
		c := readConfig(vocab, file, profile, bad)
		notes = append(notes, c.notes...)
		found = append(found, c.layers...)
	case profile != "":
		bad.add("--profile %s: of which file? Add --config FILE.", profile)
	}
	all = typed
	for _, l := range found {
		var taken, shown []string
		var lower []given
		for _, g := range l.given {
			if slices.ContainsFunc(all, func(h given) bool { return overrides(h.opt, g.opt) }) {
				continue
			}
			lower = append(lower, g)
			if name := g.opt.Name; !slices.Contains(taken, name) {
				taken = append(taken, name)
				shown = append(shown, g.shown())
			}
		}
		if len(shown) > 0 {
			notes = append(notes, fmt.Sprintf("Options from %s: %s", l.name, strings.Join(shown, " ")))
		}
		all = append(lower, all...)
	}
	return all, notes
}

// shown is the option without its secret, as people read it.
func (g given) shown() string {
	if g.opt.Secret {
		return "--" + g.opt.Name + " " + maskedText
	}
	return strings.Join(g.arguments(), " ")
}

// overrides reports whether an option that is given leaves no room for another one from
// further away: the same one, or another way to prove to be the same user.
func overrides(higher, lower *Option) bool {
	if higher.key() == lower.key() {
		return true
	}
	for _, n := range []string{"1", "2"} {
		if isCredential(higher.key(), n) && isCredential(lower.key(), n) {
			return true
		}
	}
	return false
}

// lastText is the value of a text option in the options typed, or else in a layer.
func lastText(typed []given, found []layer, key string) string {
	for _, list := range append([]layer{{given: typed}}, found...) {
		for i := len(list.given) - 1; i >= 0; i-- {
			if list.given[i].opt.key() == key {
				return list.given[i].value
			}
		}
	}
	return ""
}

// entry makes an option of a name and a value that were written elsewhere than on the
// command line. Names are whole ones, in any case, with or without hyphens and
// underscores. Secrets appear in no error.
func entry(vocab *vocabulary, name, value string) (given, error) {
	o, negated, err := findOption(vocab, name)
	if err != nil {
		return given{}, err
	}
	if !o.Kind.TakesValue() {
		on, err := truth(value)
		if err != nil {
			return given{}, err
		}
		on = on != negated
		if !on && o.Kind == Flag {
			return given{}, errOff
		}
		text := "true"
		if !on {
			text = "false"
		}
		return given{opt: o, negated: !on, value: text}, nil
	}
	sc := scan(vocab, []string{"--" + o.Name, value}, false)
	switch {
	case len(sc.warnings) > 0 && o.Secret:
		return given{}, fmt.Errorf("its value is not of the kind %s", o.Kind)
	case len(sc.warnings) > 0:
		return given{}, fmt.Errorf("%s", strings.TrimSpace(strings.Join(sc.warnings, "; ")+". "+sc.remedies()))
	}
	return sc.given[0], nil
}

// errOff: a flag that can not be switched off is off.
var errOff = fmt.Errorf("it is off unless it is given")

// findOption finds an option by its whole name.
func findOption(vocab *vocabulary, name string) (o *Option, negated bool, err error) {
	for _, spelling := range []string{strings.ToLower(name), plain(strings.ToLower(name))} {
		if n, ok := vocab.exact(spelling); ok {
			return n.opt, n.negated, nil
		}
	}
	return nil, false, fmt.Errorf("there is no option --%s%s", name, didYouMean(plain(strings.ToLower(name))))
}

// didYouMean is the end of a sentence about a name that is nearly that of an option.
func didYouMean(typed string) string {
	if near := nearest(typed); near != "" {
		return ". Did you mean " + near + "?"
	}
	return ""
}

// truth reads a switch.
func truth(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "1", "true", "yes", "on":
		return true, nil
	case "0", "false", "no", "off":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither on nor off. Give 1 or 0", text)
}
