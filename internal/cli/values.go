package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/imaphaul/imaphaul/internal/secret"
)

const maskedText = secret.Masked

// values is the option table filled from an argument list: a pflag.FlagSet,
// and the order of presets on top of it.
//
// Names are given in lower case; asking for a name that the table does not have
// is a mistake of this program, caught by the tests.
type values struct {
	fs *pflag.FlagSet
	// lists are the List options: reading them back through pflag would pass
	// them through CSV, which loses an empty value and changes line ends.
	lists map[string]*[]string
	// preset holds the names whose value came from a preset.
	preset map[string]bool
}

func newValues(table []Option) *values {
	fs := pflag.NewFlagSet("imaphaul", pflag.ContinueOnError)
	fs.SortFlags = false
	lists := make(map[string]*[]string)
	for i := range table {
		o := &table[i]
		switch o.Kind {
		case Flag, Switch:
			fs.Bool(o.key(), o.Default == "true", o.Help)
		case Int:
			v, _ := strconv.ParseInt(o.Default, 10, 64)
			fs.Int64(o.key(), v, o.Help)
		case Float:
			v, _ := strconv.ParseFloat(o.Default, 64)
			fs.Float64(o.key(), v, o.Help)
		case Str:
			fs.String(o.key(), o.Default, o.Help)
		case List:
			lists[o.key()] = fs.StringArray(o.key(), nil, o.Help)
		case Hash:
			fs.Var(&hashValue{}, o.key(), o.Help)
		}
	}
	return &values{fs: fs, lists: lists, preset: make(map[string]bool)}
}

// set stores one option of the argument list.
func (v *values) set(g given) error {
	text := g.value
	if g.opt.Kind == Hash {
		text = g.key + "=" + g.value
	}
	if err := v.fs.Set(g.opt.key(), text); err != nil {
		if g.opt.Secret {
			return fmt.Errorf("option --%s could not be stored", g.opt.Name)
		}
		return fmt.Errorf("option --%s: %w", g.opt.Name, err)
	}
	delete(v.preset, g.opt.key())
	return nil
}

// given reports whether the user gave the option himself.
func (v *values) given(name string) bool {
	return v.fs.Changed(name) && !v.preset[name]
}

// def is what a preset does to an option that the user left alone. A value of
// 0, false or "" given by the user counts as given.
func (v *values) def(name, value string) {
	if v.fs.Changed(name) {
		return
	}
	if err := v.fs.Set(name, value); err != nil {
		panic("cli: preset: " + err.Error()) // a constant of this package, run by the tests
	}
	v.preset[name] = true
}

// orElse is def that an empty text does not hold off.
func (v *values) orElse(name, value string) {
	if v.fs.Changed(name) && v.str(name) != "" {
		return
	}
	f := v.fs.Lookup(name)
	f.Changed = false
	v.def(name, value)
}

func must[T any](x T, err error) T {
	if err != nil {
		panic("cli: option table: " + err.Error())
	}
	return x
}

func (v *values) flag(name string) bool     { return must(v.fs.GetBool(name)) }
func (v *values) int(name string) int64     { return must(v.fs.GetInt64(name)) }
func (v *values) float(name string) float64 { return must(v.fs.GetFloat64(name)) }
func (v *values) str(name string) string    { return must(v.fs.GetString(name)) }
func (v *values) list(name string) []string { return slices.Clone(*v.lists[name]) }

// hash gives the pairs of a Hash option, one value per key.
func (v *values) hash(name string) map[string]string {
	return maps.Clone(v.fs.Lookup(name).Value.(*hashValue).pairs)
}

// has reports whether the option has a value of its own, by user or preset.
func (v *values) has(name string) bool { return v.fs.Changed(name) }

// flagOr gives a switch, or other when it has no value of its own.
func (v *values) flagOr(name string, other bool) bool {
	if v.has(name) {
		return v.flag(name)
	}
	return other
}

// flagPtr gives nil for a switch that was not given.
func (v *values) flagPtr(name string) *bool {
	if !v.has(name) {
		return nil
	}
	b := v.flag(name)
	return &b
}

// intPtr gives nil for a number that was not given.
func (v *values) intPtr(name string) *int64 {
	if !v.has(name) {
		return nil
	}
	n := v.int(name)
	return &n
}

// floatPtr gives nil for a number that was not given.
func (v *values) floatPtr(name string) *float64 {
	if !v.has(name) {
		return nil
	}
	n := v.float(name)
	return &n
}

// strPtr gives nil for a text that was not given.
func (v *values) strPtr(name string) *string {
	if !v.has(name) {
		return nil
	}
	s := v.str(name)
	return &s
}

// seconds turns a number of seconds into a duration.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// hashValue is a pflag.Value of key=value pairs. pflag's own splits at commas,
// which Getopt::Long does not.
type hashValue struct{ pairs map[string]string }

func (h *hashValue) Set(s string) error {
	k, v, ok := strings.Cut(s, "=")
	if !ok {
		return fmt.Errorf("%q has no \"=\"", s)
	}
	if h.pairs == nil {
		h.pairs = make(map[string]string)
	}
	h.pairs[k] = v
	return nil
}

func (h *hashValue) String() string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(h.pairs)) {
		parts = append(parts, k+"="+h.pairs[k])
	}
	return strings.Join(parts, " ")
}

func (h *hashValue) Type() string { return "hash" }
