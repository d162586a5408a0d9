package models

import "github.com/imaphaul/imaphaul/internal/mailtest/utf7"

// Languages are those in which a provider names its role folders; "en" is the first.
func (m *Model) Languages() []string {
	out := []string{"en"}
	for _, l := range []string{"de", "fr", "es", "ja", "ru", "zh"} {
		if m.Roles[l] != nil {
			out = append(out, l)
		}
	}
	return out
}

// roles are names by role: all, drafts, sent, junk, trash, archive, flagged,
// important; "" for one that is missing.
func roles(names ...string) map[string]string {
	out := make(map[string]string)
	for i, n := range names {
		if n != "" {
			out[roleOrder[i]] = utf7.Encode(n)
		}
	}
	return out
}
