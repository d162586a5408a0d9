package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	// fs has the options that got a value, options all of the table.
	fs      *pflag.FlagSet
	options map[string]*Option
	// lists are the List options: reading them back through pflag would pass
	// them through CSV, which loses an empty value and changes line ends.
	lists map[string]*[]string
	// preset holds the names whose value came from a preset.
	preset map[string]bool
}

func newValues(table []Option) *values {
	fs := pflag.NewFlagSet("imaphaul", pflag.ContinueOnError)
	fs.SortFlags = false
	return &values{fs: fs, options: indexOf(table), lists: make(map[string]*[]string), preset: make(map[string]bool)}
}

// indexes are the tables by name, each made once: a batch reads many thousand rows.
var indexes sync.Map // of the first option of a table

func indexOf(table []Option) map[string]*Option {
	if len(table) == 0 {
		return nil
	}
	if known, ok := indexes.Load(&table[0]); ok {
		return known.(map[string]*Option)
	}
	index := make(map[string]*Option, len(table))
	for i := range table {
		index[table[i].key()] = &table[i]
	}
	indexes.Store(&table[0], index)
	return index
}

// flagOf is the pflag of an option that gets a value; until then it is not made.
func (v *values) flagOf(name string) *pflag.Flag {
	if f := v.fs.Lookup(name); f != nil {
		return f
	}
	o := v.options[name]
	if o == nil {
		return nil
	}
	switch o.Kind {
	case Flag, Switch:
		v.fs.Bool(name, o.Default == "true", o.Help)
	case Int:
		v.fs.Int64(name, o.number(), o.Help)
	case Float:
		v.fs.Float64(name, o.real(), o.Help)
	case Str:
		v.fs.String(name, o.Default, o.Help)
	case List:
		v.lists[name] = v.fs.StringArray(name, nil, o.Help)
	case Hash:
		v.fs.Var(&hashValue{}, name, o.Help)
	}
	return v.fs.Lookup(name)
}

// number and real are the defaults of Int and Float, 0 for none.
func (o *Option) number() int64 {
	n, _ := strconv.ParseInt(o.Default, 10, 64)
	return n
}

func (o *Option) real() float64 {
	f, _ := strconv.ParseFloat(o.Default, 64)
	return f
}

// put stores a text as the value of an option.
func (v *values) put(name, text string) error {
	v.flagOf(name)
	return v.fs.Set(name, text)
}

// untouched returns the option when it has no value but its default.
func (v *values) untouched(name string, kinds ...Kind) (*Option, bool) {
	if v.fs.Lookup(name) != nil {
		return nil, false
	}
	o := v.options[name]
	if o == nil || !slices.Contains(kinds, o.Kind) {
		panic("cli: option table: no option " + name + " of this kind")
	}
	return o, true
}

// set stores one option of the argument list.
func (v *values) set(g given) error {
	text := g.value
	if g.opt.Kind == Hash {
		text = g.key + "=" + g.value
	}
	if err := v.put(g.opt.key(), text); err != nil {
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
	if err := v.put(name, value); err != nil {
		panic("cli: preset: " + err.Error()) // a constant of this package, run by the tests
	}
	v.preset[name] = true
}

// orElse is def that an empty text does not hold off.
func (v *values) orElse(name, value string) {
	if v.fs.Changed(name) && v.str(name) != "" {
		return
	}
	f := v.flagOf(name)
	f.Changed = false
	v.def(name, value)
}

func must[T any](x T, err error) T {
	if err != nil {
		panic("cli: option table: " + err.Error())
	}
	return x
}

func (v *values) flag(name string) bool {
	if o, ok := v.untouched(name, Flag, Switch); ok {
		return o.Default == "true"
	}
	return must(v.fs.GetBool(name))
}

func (v *values) int(name string) int64 {
	if o, ok := v.untouched(name, Int); ok {
		return o.number()
	}
	return must(v.fs.GetInt64(name))
}

func (v *values) float(name string) float64 {
	if o, ok := v.untouched(name, Float); ok {
		return o.real()
	}
	return must(v.fs.GetFloat64(name))
}

func (v *values) str(name string) string {
	if o, ok := v.untouched(name, Str); ok {
		return o.Default
	}
	return must(v.fs.GetString(name))
}

func (v *values) list(name string) []string {
	if _, ok := v.untouched(name, List); ok {
		return nil
	}
	return slices.Clone(*v.lists[name])
}

// hash gives the pairs of a Hash option, one value per key.
func (v *values) hash(name string) map[string]string {
	if _, ok := v.untouched(name, Hash); ok {
		return nil
	}
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
