package folders

import (
	"slices"
	"strings"
)

// Labels are Gmail's labels of a message as host2 shall have them: moved out of
// subfolder1 and into subfolder2, as its folders are ("" for neither; then they are
// returned as they came). A label is a folder's name, the separator is "/".
func Labels(labels []string, subfolder1, subfolder2 string) []string {
	if subfolder1 == "" && subfolder2 == "" {
		return labels
	}
	out := make([]string, 0, len(labels)+1)
	for _, l := range labels {
		if subfolder1 != "" {
			l = strings.TrimPrefix(l, subfolder1+"/")
			if l == "INBOX" {
				l = `\Inbox`
			}
		}
		if subfolder2 != "" {
			if l == `\Inbox` {
				out = append(out, subfolder2+"/INBOX")
			}
			l = subfolder2 + "/" + l
		}
		out = append(out, l)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
