package folders

import "strings"

// Existing are the folders that a server has: those it listed, and those made
// since.
type Existing struct {
	// selectable leads from a name to whether it is more than a container.
	selectable map[string]bool
	// lower leads from a listed name in lower case to that name.
	lower map[string]string
}

// NewExisting begins with what the server listed.
func NewExisting(list []Folder) *Existing {
	e := &Existing{selectable: make(map[string]bool, len(list)), lower: make(map[string]string, len(list))}
	for _, f := range list {
		e.selectable[f.Name] = f.Selectable()
		e.lower[strings.ToLower(f.Name)] = f.Name
	}
	return e
}

// Has reports whether this very name is a folder for messages.
func (e *Existing) Has(name string) bool {
	return e.selectable[name] || IsInbox(name) // in every case of letters (RFC 3501 section 5.1)
}

// Knows reports whether the name is there at all, be it as a mere container.
func (e *Existing) Knows(name string) bool {
	_, ok := e.selectable[name]
	return ok || IsInbox(name)
}

// Add notes a folder that was made.
func (e *Existing) Add(name string) { e.selectable[name] = true }

// Clash finds a listed folder that differs from name only in case.
func (e *Existing) Clash(name string) (other string, ok bool) {
	other, ok = e.lower[strings.ToLower(name)]
	return other, ok && other != name
}
