package habits

import "strings"

// KindOf is a server's greeting without what changes from one connection to the next, so
// that what was learned of a server is known to be of it: words with digits (addresses,
// times, numbers of a session) and single words in brackets (Exchange's name of the
// machine, in base64).
func KindOf(greeting string) string {
	var out []string
	for _, word := range strings.Fields(greeting) {
		bracketed := word[0] == '[' && strings.HasSuffix(strings.TrimRight(word, ".,"), "]")
		if !bracketed && !strings.ContainsAny(word, "0123456789") {
			out = append(out, word)
		}
	}
	return strings.Join(out, " ")
}

// SameKind reports whether a greeting is of the server of which a kind was kept. Journals
// of earlier versions hold greetings without their digits instead.
func SameKind(kept, greeting string) bool {
	if KindOf(kept) == KindOf(greeting) {
		return true
	}
	return kept == strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, greeting)
}
