package folders

import "strings"

// announced notes the role that a folder announces. One that only its name suggests is
// none: nothing is left out for a name.
func (c *chooser) announced(f Folder) {
	role := attrRole(f)
	if role == "" && f.Has(`\Important`) {
		role = `\Important`
	}
	if role == "" {
		return
	}
	if c.roles == nil {
		c.roles = make(map[string]string)
	}
	c.roles[f.Name] = role
}

// excludeRoles removes the folders with one of the roles of --excluderole.
func (c *chooser) excludeRoles() {
	for _, role := range c.o.ExcludeRoles {
		s := Step{Pattern: role, Exclude: true}
		for _, n := range sortedKeys(c.set) {
			if strings.EqualFold(c.roles[n], role) {
				delete(c.set, n)
				s.Names = append(s.Names, n)
			}
		}
		c.Steps = append(c.Steps, s)
	}
}

// Announces reports whether a folder announces a role, written as its attribute.
func Announces(f Folder, role string) bool {
	return strings.EqualFold(attrRole(f), role)
}

// Roles are those that --excluderole takes, without their backslash.
func Roles() []string {
	return []string{"All", "Archive", "Drafts", "Flagged", "Important", "Junk", "Sent", "Trash"}
}
