package verification

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// group is a folder of host2 and the folders of host1 that lead there.
type group struct {
	// to is the name that the plan gives, at the one that host2 has; "" for none.
	to, at string
	from   []string // raw
	// beyond: nothing leads there.
	beyond bool
}

// text1 names the host1 folder of a record.
func (g *group) text1(i int32) string {
	if int(i) >= len(g.from) {
		return ""
	}
	return folders.Text(g.from[i])
}

func (g *group) text2() string {
	if g.at != "" {
		return folders.Text(g.at)
	}
	return folders.Text(g.to)
}

// groups are the folders in the order of work, and then those of host2 that nothing
// leads to, if the plan takes in all of host1.
func (v *verifier) groups() []group {
	there := make(map[string]bool) // selectable on host2
	lower := make(map[string]string)
	for _, f := range v.trees[1].Side.Folders {
		if f.Selectable() {
			there[f.Name] = true
			lower[strings.ToLower(f.Name)] = f.Name
		}
	}
	inbox := ""
	for name := range there {
		if folders.IsInbox(name) {
			inbox = name
		}
	}
	var out []group
	place := make(map[string]int) // by the name on host2
	reached := make(map[string]bool)
	for i := range v.table.Rows {
		row := &v.table.Rows[i]
		if row.Refused != "" {
			r := Row{Mark: Missing, Counts: !row.Skipped, Folder1: folders.Text(row.From), Folder2: folders.Text(row.To), Reason: row.Refused}
			v.row(r)
			continue
		}
		var at string
		switch {
		case folders.IsInbox(row.To) && inbox != "":
			at = inbox
		case there[row.To]:
			at = row.To
		case row.Fallback != "" && there[row.Fallback]:
			at = row.Fallback
		default:
			at = lower[strings.ToLower(row.To)]
		}
		key := at
		if key == "" {
			key = row.To
		}
		n, known := place[key]
		if !known {
			n = len(out)
			place[key] = n
			out = append(out, group{to: row.To, at: at})
		}
		out[n].from = append(out[n].from, row.From)
		reached[at] = true
	}
	if !v.table.Choice.All {
		return out
	}
	for _, f := range v.trees[1].Side.Folders {
		if !f.Selectable() || reached[f.Name] || v.outside(f.Name) {
			continue
		}
		if v.showsOthers(f) {
			v.note(fmt.Sprintf("Host2's folder %s shows messages of other folders (Gmail), so it is not compared.", folders.Text(f.Name)))
			continue
		}
		out = append(out, group{at: f.Name, to: f.Name, beyond: true})
	}
	return out
}

// labels2 reports whether host2 keeps each message once, with the folders as its labels.
func (v *verifier) labels2() bool { return v.trees[1].Caps.Has("X-GM-EXT-1") }

// showsOthers reports whether a host2 folder shows what other folders hold.
func (v *verifier) showsOthers(f folders.Folder) bool {
	return v.labels2() && (folders.Announces(f, `\All`) || folders.Announces(f, `\Flagged`) || folders.Announces(f, `\Important`))
}

// outside reports whether a host2 folder is of another user, or is where deleted mail
// goes by an option.
func (v *verifier) outside(name string) bool {
	if q := v.p.Deletion.Quarantine2; q != "" && folders.ToRaw(q) == name {
		return true
	}
	ns := v.trees[1].Side.Namespace
	if ns == nil {
		return false
	}
	for _, class := range [][]folders.NamespaceEntry{ns.Other, ns.Shared} {
		for _, e := range class {
			if e.Prefix != "" && strings.HasPrefix(name, e.Prefix) {
				return true
			}
		}
	}
	return false
}

// folderRows tells what is to say of the folder itself.
func (v *verifier) folderRows(g *group, messages int) {
	from := make([]string, len(g.from))
	for i, name := range g.from {
		from[i] = folders.Text(name)
	}
	r := Row{Folder1: strings.Join(from, ", "), Folder2: g.text2()}
	switch {
	case g.at == "" && messages == 0 && v.p.Folders.SkipEmpty:
		r.Mark, r.Reason = Missing, "the folder is empty on host1 (--skipemptyfolders)"
		v.row(r)
	case g.at == "":
		r.Mark, r.Counts = Missing, true
		r.Reason, r.Remedy = fmt.Sprintf("the folder is missing on host2, and with it %d messages", messages), "run the migration again"
		v.row(r)
	case g.at != g.to && !folders.IsInbox(g.at) && strings.EqualFold(g.at, g.to):
		r.Mark, r.Differs = Differs, []string{"name"}
		r.Counts = !v.trees[1].Side.Family.FoldsCase()
		r.Reason = fmt.Sprintf("the folder is to be named %s; host2 has it with other upper and lower case", folders.Text(g.to))
		r.Remedy = "rename it on host2, or map it there with --f1f2"
		v.row(r)
	}
	if g.at == "" || v.trees[0].NoSubscriptions != "" || v.trees[1].NoSubscriptions != "" {
		return
	}
	wanted := v.p.Folders.SubscribeAll || v.p.Folders.Subscribe && slices.ContainsFunc(g.from, func(name string) bool { return v.trees[0].Subscribed[name] })
	if wanted && !v.trees[1].Subscribed[g.at] {
		v.row(Row{Mark: Differs, Counts: true, Folder1: r.Folder1, Folder2: r.Folder2, Differs: []string{"subscription"}, Reason: "the folder is subscribed on host1 and not on host2", Remedy: "run the migration again, or subscribe to it"})
	}
}

// roles compares the roles of folders, where the plan carries them over.
func (v *verifier) roles() {
	if !v.table.Automap {
		return
	}
	has := make(map[string]string)
	holder := make(map[string]string)
	for _, role := range v.table.Roles2 {
		if role.Source == "attribute" && !role.Second {
			has[role.Name], holder[role.Role] = role.Role, role.Name
		}
	}
	to := make(map[string]string)
	for i := range v.table.Rows {
		to[v.table.Rows[i].From] = v.table.Rows[i].To
	}
	for _, role := range v.table.Roles1 {
		at, ok := to[role.Name]
		if role.Source != "attribute" || role.Second || !ok || has[at] == role.Role {
			continue
		}
		r := Row{Mark: Differs, Folder1: folders.Text(role.Name), Folder2: folders.Text(at), Differs: []string{"role"}}
		switch {
		case has[at] != "":
			r.Counts, r.Reason = true, fmt.Sprintf("the role is %s on host1 and %s on host2", role.Role, has[at])
			r.Remedy = "map the folder with --f1f2"
		case v.trees[1].Side.CreateUse && holder[role.Role] == "":
			r.Reason = fmt.Sprintf("the role %s of host1 has no folder on host2; a role is given only when a folder is made", role.Role)
		default:
			continue
		}
		v.row(r)
	}
}
