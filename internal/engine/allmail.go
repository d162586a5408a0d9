package engine

import (
	"strings"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// important reports whether what Gmail calls important gets a keyword.
func (r *run) important() bool { return r.p.Flags.ImportantKeyword && r.src.HasLabels }

// allMail is host1's folder of all mail when it gives only what lies nowhere else
// (--allmaillast), "" otherwise. It counts only where Gmail's labels tell where else a
// message lies.
func (r *run) allMail() string {
	if !r.p.Folders.AllMailLast || r.src == nil || !r.src.HasLabels || r.table == nil {
		return ""
	}
	if r.labelled == nil {
		r.learnLabels()
	}
	return r.all
}

// learnLabels notes which labels stand for folders that are carried over.
func (r *run) learnLabels() {
	r.labelled = make(map[string]bool)
	taking := make(map[string]bool, len(r.table.Rows))
	for i := range r.table.Rows {
		if row := &r.table.Rows[i]; row.Refused == "" {
			taking[row.From] = true
		}
	}
	for _, f := range r.src.world.Folders {
		if folders.Announces(f, `\All`) && r.all == "" && taking[f.Name] {
			r.all = f.Name
			continue
		}
		if !taking[f.Name] {
			continue
		}
		r.labelled[f.Name] = true
		for role, label := range map[string]string{`\Sent`: `\Sent`, `\Drafts`: `\Draft`, `\Junk`: `\Junk`, `\Trash`: `\Trash`} {
			if folders.Announces(f, role) {
				r.labelled[strings.ToLower(label)] = true
				r.labelled[strings.ToLower(role)] = true
			}
		}
		if folders.IsInbox(f.Name) {
			r.labelled[`\inbox`] = true
		}
	}
}

// elsewhere reports whether labels name a folder that is carried over.
func (r *run) elsewhere(labels []string) bool {
	for _, l := range labels {
		if strings.HasPrefix(l, `\`) {
			l = strings.ToLower(l)
		}
		if r.labelled[l] {
			return true
		}
	}
	return false
}
