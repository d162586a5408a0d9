package cli

import (
	"errors"
	"slices"
	"strings"
)

// envPrefix begins the names of environment variables that are options:
// IMAPHAUL_HOST1 is --host1.
const envPrefix = "IMAPHAUL_"

// environment reads the options that are set as variables. A list, or the pairs of an
// option such as --sslargs1, have a line for each value. A variable that names no option
// is told, and no error: the same variables serve several commands.
func (in *Input) environment(vocab *vocabulary, bad *problems) (layer, []string) {
	l := layer{name: "the environment"}
	var notes []string
	vars := slices.Clone(in.Environ)
	slices.Sort(vars)
	for _, kv := range vars {
		name, value, _ := strings.Cut(kv, "=")
		short, ours := strings.CutPrefix(name, envPrefix)
		if !ours || short == "" || value == "" || isClient(short) {
			continue
		}
		o, _, err := findOption(vocab, short)
		if err != nil {
			notes = append(notes, "Note: the environment variable "+name+" is not used: it names no option of this command"+didYouMeanVariable(short)+".")
			continue
		}
		values := []string{value}
		if o.Kind == List || o.Kind == Hash {
			values = strings.Split(strings.TrimRight(value, "\n"), "\n")
		}
		for _, v := range values {
			g, err := entry(vocab, short, v)
			if errors.Is(err, errOff) {
				continue
			}
			if err != nil {
				bad.add("environment variable %s: %s", name, sentence(err))
				break
			}
			l.given = append(l.given, g)
		}
	}
	return l, notes
}

// isClient reports whether a variable holds the identity of an OAuth client
// (docs/auth.md), which is no option.
func isClient(short string) bool {
	for _, end := range []string{"_CLIENT", "_CLIENT_ID", "_CLIENT_SECRET"} {
		if strings.HasSuffix(short, end) {
			return true
		}
	}
	return false
}

// SecretVariables are the names of the variables in environ that hold a secret of an
// option or of an OAuth client, and of those that these name.
func SecretVariables(environ []string) []string {
	names := []string{"IMAPSYNC_PASSWORD1", "IMAPSYNC_PASSWORD2"}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		short, ours := strings.CutPrefix(name, envPrefix)
		if !ours {
			continue
		}
		o, _, err := findOption(tableVocabulary(), short)
		if strings.HasSuffix(short, "_CLIENT_SECRET") || err == nil && o.Secret {
			names = append(names, name)
		}
		if from, ok := strings.CutPrefix(value, "env:"); ok && err == nil && o.Secret {
			names = append(names, from)
		}
	}
	return names
}

// didYouMeanVariable is didYouMean for a variable.
func didYouMeanVariable(short string) string {
	if near := nearest(plain(strings.ToLower(short))); near != "" {
		return " (did you mean " + envPrefix + strings.ToUpper(near) + "?)"
	}
	return ""
}

// envAsks reports whether the environment holds an option of a run.
func (in *Input) envAsks() bool {
	l, _ := in.environment(tableVocabulary(), new(problems))
	return len(l.given) > 0
}
