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
	if r.gmail.labelled == nil {
		r.learnLabels()
	}
	return r.gmail.all
}

// learnLabels notes which labels stand for folders that are carried over.
func (r *run) learnLabels() {
	taking := make(map[string]bool, len(r.table.Rows))
	for i := range r.table.Rows {
		if row := &r.table.Rows[i]; row.Refused == "" {
			taking[row.From] = true
		}
	}
	r.gmail.labelled, r.gmail.all = labelsOf(r.src.world.Folders, taking)
}

// labelsOf are the labels of Gmail that stand for some folders of an account, and its
// folder of all mail, "" where it is not one of them.
func labelsOf(of []folders.Folder, taking map[string]bool) (labels map[string]bool, all string) {
	labels = make(map[string]bool)
	for _, f := range of {
		if folders.Announces(f, `\All`) && all == "" && taking[f.Name] {
			all = f.Name
			continue
		}
		if !taking[f.Name] {
			continue
		}
		labels[f.Name] = true
		for role, label := range map[string]string{`\Sent`: `\Sent`, `\Drafts`: `\Draft`, `\Junk`: `\Junk`, `\Trash`: `\Trash`} {
			if folders.Announces(f, role) {
				labels[strings.ToLower(label)] = true
				labels[strings.ToLower(role)] = true
			}
		}
		if folders.IsInbox(f.Name) {
			labels[`\inbox`] = true
		}
	}
	return labels, all
}

// elsewhere reports whether labels name a folder that is carried over.
func (r *run) elsewhere(labels []string) bool { return oneOf(labels, r.gmail.labelled) }

// oneOf reports whether a label of a message is one of those that labelsOf gave.
func oneOf(labels []string, of map[string]bool) bool {
	for _, l := range labels {
		if strings.HasPrefix(l, `\`) {
			l = strings.ToLower(l)
		}
		if of[l] {
			return true
		}
	}
	return false
}
