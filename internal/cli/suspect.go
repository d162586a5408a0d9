package cli

import (
	"fmt"
	"strings"
)

// suspectValues warns of texts that are the names of options: a value was
// forgotten, and the option behind it is lost. imapsync takes them in silence.
func (b *builder) suspectValues(given []given) {
	for _, text := range suspected(given) {
		b.note("%s", text)
	}
}

func suspected(given []given) (out []string) {
	vocab := tableVocabulary()
	for _, g := range given {
		if g.opt.Kind != Str && g.opt.Kind != List || g.opt.Secret {
			continue
		}
		name, ok := strings.CutPrefix(g.value, "--")
		if !ok || name == "" {
			continue
		}
		name, _, _ = strings.Cut(strings.ToLower(name), "=")
		if _, known := vocab.exact(name); !known {
			continue
		}
		out = append(out, fmt.Sprintf("Warning: the value of --%[1]s is --%[2]s, which is the name of an option. If a value is missing, give it; an empty one is --%[1]s \"\".", g.opt.Name, name))
	}
	return out
}
