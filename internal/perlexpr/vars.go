package perlexpr

import (
	"fmt"
	"sort"
	"strings"
)

// Vars holds the values of the variables an expression may interpolate, by the
// names in varNames: an expression writes them as $sync->{h2_sep}; $mysync->{h2_sep}
// is the same where imapsync has it. A missing one is empty, as it is in imapsync before
// the value is known (h1_current_folder outside the folder loop).
type Vars map[string]string

// varNames are the keys of Vars, sorted.
var varNames = []string{
	"h1_current_folder", "h1_prefix", "h1_sep",
	"h2_current_folder", "h2_prefix", "h2_sep",
	"host1", "host2", "subfolder1", "subfolder2", "user1", "user2",
}

// oldNames are the variables of recipes older than imapsync's hash, with what
// replaces them.
var oldNames = map[string]string{
	"sep1": "h1_sep", "sep2": "h2_sep", "h1_sep": "h1_sep", "h2_sep": "h2_sep",
	"prefix1": "h1_prefix", "prefix2": "h2_prefix", "h1_prefix": "h1_prefix", "h2_prefix": "h2_prefix",
	"user1": "user1", "user2": "user2", "host1": "host1", "host2": "host2",
	"subfolder1": "subfolder1", "subfolder2": "subfolder2",
	"h1_fold": "h1_current_folder",
}

// unknownVariable explains why $name is not interpolated.
func unknownVariable(name string) error {
	if key, ok := oldNames[name]; ok {
		return fmt.Errorf("the variable $%s does not exist: write $sync->{%s}", name, key)
	}
	return fmt.Errorf(`the variable $%s does not exist: write \$%s for the text, or one of $sync->{...} with %s (a shell replaces $ inside "...": put the value in '...')`,
		name, name, strings.Join(varNames, ", "))
}

// hashVariable reads ->{key} behind $sync or $mysync and returns the key and
// the number of bytes read.
func hashVariable(name, rest string, k Kind) (key string, size int, err error) {
	if name == "mysync" && k != Trans && k != Flag {
		return "", 0, fmt.Errorf("$mysync does not exist in %s: write $sync->{...}", k)
	}
	body, ok := strings.CutPrefix(rest, "->{")
	end := strings.IndexByte(body, '}')
	if !ok || end < 0 {
		return "", 0, fmt.Errorf("$%s is not a text: write $%s->{h2_sep}, with one of %s", name, name, strings.Join(varNames, ", "))
	}
	key = strings.Trim(body[:end], " \t\r\n\f")
	if n := len(key); n >= 2 && (key[0] == '\'' || key[0] == '"') && key[n-1] == key[0] {
		key = key[1 : n-1]
	}
	if strings.HasPrefix(key, "password") {
		return "", 0, fmt.Errorf("$%s->{%s} is refused: a password must not reach names or messages", name, key)
	}
	if i := sort.SearchStrings(varNames, key); i == len(varNames) || varNames[i] != key {
		return "", 0, fmt.Errorf("$%s->{%s} is not available: use one of %s", name, key, strings.Join(varNames, ", "))
	}
	return key, len("->{") + end + 1, nil
}
