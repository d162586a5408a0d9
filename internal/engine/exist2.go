package engine

import (
	"strings"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// existence of a host2 name.
type existence uint8

const (
	container2 existence = 1 + iota
	selectable2
)

// has2 reports whether host2 lists this very name as a folder for messages.
func (r *run) has2(name string) bool {
	if folders.IsInbox(name) {
		return true // INBOX is there, in every case of letters (RFC 3501 section 5.1)
	}
	return r.exist2[name] == selectable2
}

// known2 reports whether host2 has the name at all, be it as a mere container.
func (r *run) known2(name string) bool { return r.has2(name) || r.exist2[name] != 0 }

func (r *run) add2(name string) { r.exist2[name] = selectable2 }

// clash2 finds a host2 folder that differs from name only in case.
func (r *run) clash2(name string) (string, bool) {
	if r.lower2 == nil {
		r.lower2 = make(map[string]string, len(r.exist2))
		for n := range r.exist2 {
			r.lower2[strings.ToLower(n)] = n
		}
	}
	other, ok := r.lower2[strings.ToLower(name)]
	return other, ok && other != name
}
