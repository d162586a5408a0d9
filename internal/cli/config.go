package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// maxConfig bounds a configuration file, bytes.
const maxConfig = 1 << 20

// config is what a file of --config says.
type config struct {
	layers []layer
	notes  []string
}

// profilesKey is the table under which a file has its profiles.
const profilesKey = "profiles"

// readConfig reads a file of options in TOML: keys are names of options, the tables
// below "profiles" hold those of each profile. Passwords and tokens are refused: a file
// names where they are. What is wrong goes to bad.
func readConfig(vocab *vocabulary, path, profile string, bad *problems) (c config) {
	text, err := readBounded(path, maxConfig)
	if err != nil {
		bad.addCode(exitNoInput, "--config %s: %v. Give a readable file.", path, unwrapPath(err))
		return c
	}
	keys := make(map[string]any)
	meta, err := toml.Decode(text, &keys)
	if err != nil {
		var at toml.ParseError
		if errors.As(err, &at) {
			bad.add("--config %s: line %d is not TOML%s. A line is name = value, and a text stands in quotes.", path, at.Position.Line, tomlFault(at))
		} else {
			bad.add("--config %s: it is not TOML. A line is name = value, and a text stands in quotes.", path)
		}
		return c
	}
	if st, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && st.Mode().IsRegular() && st.Mode().Perm()&0o022 != 0 {
		c.notes = append(c.notes, fmt.Sprintf("Warning: --config %s can be changed by other users of this machine (mode %04o). Make it yours alone: chmod 600.", path, st.Mode().Perm()))
	}
	profiles, ok := keys[profilesKey].(map[string]any)
	if _, there := keys[profilesKey]; there && !ok {
		bad.add("--config %s: profiles is no table. Write [profiles.NAME] and the options below it.", path)
	}
	delete(keys, profilesKey)
	order := make(map[string]int)
	for i, k := range meta.Keys() {
		order[k.String()] = i
	}
	read := func(name, where string, table map[string]any, at func(string) string) {
		l := layer{name: name}
		options := slices.SortedFunc(maps.Keys(table), func(a, b string) int { return order[at(a)] - order[at(b)] })
		for _, key := range options {
			given, note, err := fromConfig(vocab, key, table[key])
			if err != nil {
				bad.add("--config %s, %s%s: %s", path, where, key, sentence(err))
			}
			if note != "" {
				c.notes = append(c.notes, fmt.Sprintf("Note: --config %s, %s%s: %s.", path, where, key, note))
			}
			l.given = append(l.given, given...)
		}
		c.layers = append(c.layers, l)
	}
	if profile == "" && len(profiles) > 0 {
		c.notes = append(c.notes, fmt.Sprintf("Note: --config %s has profiles, and none of them is used: %s. Choose one with --profile NAME.", path, strings.Join(slices.Sorted(maps.Keys(profiles)), ", ")))
	}
	if profile != "" {
		table, ok := profiles[profile].(map[string]any)
		if !ok {
			bad.add("--profile %s: %s has no such profile%s.", profile, path, profilesOf(profiles))
		}
		read(fmt.Sprintf("profile %s of %s", profile, path), "profile "+profile+", ", table, func(key string) string { return toml.Key{profilesKey, profile, key}.String() })
	}
	read(path, "", keys, func(key string) string { return toml.Key{key}.String() })
	return c
}

// tomlFault says what is wrong with a line, where that is known, without any word of it:
// the line may hold a password.
func tomlFault(at toml.ParseError) string {
	switch {
	case strings.HasPrefix(at.Message, "strings cannot contain newlines"):
		return ": a text has no quote at its end"
	case strings.HasSuffix(at.Message, "has already been defined."):
		return ": this name stands above already"
	case strings.HasPrefix(at.Message, "expected value but found"):
		return ": behind the = there is no value, or a text without quotes"
	case strings.HasPrefix(at.Message, "invalid escape in string"):
		return ": a backslash in a text in double quotes is written twice; in single quotes it stands as it is"
	}
	return ""
}

// sentence is an error with one full stop or question mark at its end.
func sentence(err error) string {
	text := strings.TrimRight(err.Error(), ".")
	if strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// profilesOf says which profiles there are.
func profilesOf(profiles map[string]any) string {
	if len(profiles) == 0 {
		return ": it has none. One begins with a line [profiles.NAME]"
	}
	return ". It has " + strings.Join(slices.Sorted(maps.Keys(profiles)), ", ")
}

// readBounded reads a file of at most so many bytes.
func readBounded(path string, most int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() // only read
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return "", err
	case int64(len(b)) > most:
		return "", fmt.Errorf("it is longer than %d bytes", most)
	}
	return strings.TrimPrefix(string(b), "\ufeff"), nil
}

// fromConfig makes options of one key. note says why it is passed over, "" if it is not.
func fromConfig(vocab *vocabulary, key string, value any) (all []given, note string, err error) {
	o, _, err := findOption(vocab, key)
	if err != nil {
		if c := commandOf(key); c != "" {
			return nil, "it belongs to imaphaul " + c + " and is not used here", nil
		}
		return nil, "", err
	}
	switch {
	case o.key() == "config" || o.key() == "profile":
		return nil, "", errors.New("a file can not name another one. Give it on the command line")
	case holdsSecret(o, value):
		return nil, "", fmt.Errorf("a secret does not belong in this file. %s", placeOfSecret(o))
	}
	values, err := configTexts(o, value)
	if err != nil {
		return nil, "", err
	}
	for _, text := range values {
		g, err := entry(vocab, key, text)
		if errors.Is(err, errOff) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		all = append(all, g)
	}
	return all, "", nil
}

// holdsSecret reports whether the value of an option is a secret itself, and not the
// name of a file, a command or an address.
func holdsSecret(o *Option, value any) bool {
	text, _ := value.(string)
	switch name := strings.TrimRight(o.key(), "12"); name {
	case "password":
		return true
	case "oauthaccesstoken", "oauthdirect":
		st, err := os.Stat(text)
		return err != nil || !st.Mode().IsRegular()
	case "proxy":
		return strings.Contains(text, "@")
	}
	return false
}

// placeOfSecret says where the secret of an option may be in place of the file.
func placeOfSecret(o *Option) string {
	switch name := strings.TrimRight(o.key(), "12"); name {
	case "oauthaccesstoken", "oauthdirect":
		return fmt.Sprintf("Write the token into a file that only you can read, and name that file: %s = \"FILE\"", o.key())
	case "proxy":
		return "Set the variable " + envPrefix + strings.ToUpper(o.key()) + " in place of this line"
	}
	side := o.key()[len(o.key())-1:]
	return fmt.Sprintf("Name where it is: passfile%s = \"FILE\" or secret%s = \"env:NAME\" (imaphaul help passwords)", side, side)
}

// commandOf is the command that an option belongs to which a run does not have, "" for
// none.
func commandOf(key string) string {
	for _, c := range commandWords() {
		for i := range c.own {
			if strings.EqualFold(c.own[i].Name, plain(key)) && c.own[i].Name != "help" {
				return c.name
			}
		}
	}
	return ""
}

// configTexts are the values of a key as one would type them.
func configTexts(o *Option, value any) ([]string, error) {
	switch v := value.(type) {
	case []any:
		if o.Kind != List {
			return nil, fmt.Errorf("it takes one value and not a list of them")
		}
		var all []string
		for _, one := range v {
			text, err := configText(one)
			if err != nil {
				return nil, err
			}
			all = append(all, text)
		}
		return all, nil
	case map[string]any:
		if o.Kind != Hash {
			return nil, fmt.Errorf("it takes a value and not a table of them")
		}
		var all []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			text, err := configText(v[k])
			if err != nil {
				return nil, err
			}
			all = append(all, k+"="+text)
		}
		return all, nil
	}
	if _, yes := value.(bool); yes && o.Kind.TakesValue() {
		return nil, fmt.Errorf("it takes a value, such as %s, and not true or false", configExample(o))
	}
	text, err := configText(value)
	return []string{text}, err
}

// configExample is a value that an option of this kind takes.
func configExample(o *Option) string {
	switch o.Kind {
	case Int, Float:
		return "100"
	case List:
		return `["one", "two"]`
	}
	return `"text"`
}

// configText is one value as one would type it.
func configText(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case time.Time:
		return v.Format("2006-01-02T15:04:05"), nil
	}
	return "", fmt.Errorf("its value is neither a text nor a number nor true or false")
}
