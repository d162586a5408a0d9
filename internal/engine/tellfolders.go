package engine

import (
	"fmt"
	"strings"

	"github.com/imaphaul/imaphaul/internal/folders"
)

// tellSubfolders is what imapsync says of --subfolder1 and --subfolder2.
func (r *run) tellSubfolders(t *folders.Table) {
	for i, s := range [][2]string{{r.p.Folders.Subfolder1, t.Subfolder1}, {r.p.Folders.Subfolder2, t.Subfolder2}} {
		if s[1] == "" {
			continue
		}
		r.note(fmt.Sprintf("Turning off automapping folders because of --subfolder%d", i+1))
		r.note(fmt.Sprintf("Sanitizing subfolder%d: [%s] => [%s]", i+1, s[0], s[1]))
	}
}

// manyFolders is from how many folders on imapsync does not ask each of them by
// default whether it can be selected.
const manyFolders = 152

// tellChecks is what imapsync says of its checks of the wanted folders. LIST has
// told both here, so that neither costs anything.
func (r *run) tellChecks(c *folders.Choice) {
	f := &r.p.Folders
	selectable := f.CheckSelectable == nil || *f.CheckSelectable
	if r.debugging(r.p.Debug.Folders) {
		for _, n := range c.Wanted {
			if f.CheckExist {
				r.note(fmt.Sprintf("Checking %s exists on host1", n))
			}
			if selectable {
				r.note(fmt.Sprintf("Checking %s is selectable on host1", n))
			}
		}
	}
	if f.CheckExist {
		r.note("Host1: Checking wanted folders exist. Use --nocheckfoldersexist to avoid this check.")
	} else {
		r.note("Host1: Not checking that wanted folders exist. Remove --nocheckfoldersexist to get this check.")
	}
	if n := len(c.Wanted); f.CheckSelectable == nil && n > manyFolders {
		r.note(fmt.Sprintf("Host1: Not checking that %d wanted folders are selectable one by one, since LIST says it of all of them.", n))
	}
	if selectable {
		r.note("Host1: Checking wanted folders are selectable. Use --nocheckselectable to avoid this check.")
		return
	}
	r.note("Host1: Not checking that wanted folders are selectable. Use --checkselectable to force this check.")
}

// tellAllMail warns that Gmail's folder of all messages goes along with those that
// hold the same messages under their labels.
func (r *run) tellAllMail(t *folders.Table) {
	if r.p.Folders.AllMailLast && !r.src.HasLabels {
		r.note("Host1: --allmaillast has no effect, since host1 does not tell Gmail's labels (X-GM-EXT-1)")
	}
	if !r.src.HasLabels || r.p.Folders.GmailPreset1 || r.p.Folders.AllMailLast || r.p.Identity.SkipCrossDuplicates || len(t.Rows) < 2 {
		return
	}
	all := ""
	for _, role := range t.Roles1 {
		if strings.HasPrefix(role.Role, `\All`) && !role.Second && all == "" {
			all = role.Name
		}
	}
	for i := range t.Rows {
		if all != "" && t.Rows[i].From == all {
			r.warn(fmt.Sprintf("Host1 is Gmail, and nearly every message would come twice: %s holds those of all other folders again. Use --provider1 gmail or --gmail1, or leave it out with --exclude '%s'",
				folderName(all).Bracketed(), regexQuote(all)))
			return
		}
	}
}

// regexQuote writes a name as a pattern that matches it alone.
func regexQuote(name string) string {
	var b strings.Builder
	b.WriteByte('^')
	for i := 0; i < len(name); i++ {
		if strings.IndexByte(`\.+*?()|[]{}^$`, name[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(name[i])
	}
	return b.String() + "$"
}
