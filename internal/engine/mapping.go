package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/journal"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
)

// folderOptions is the plan in the words of package folders.
func (r *run) folderOptions() folders.Options {
	o := planned.Mapping(r.p, r.src.Family == r.dst.Family)
	o.Explain = r.p.Debug.Folders
	if o.Automap {
		o.Previous, o.PreviousByRole = make(map[string]string), make(map[string]bool)
		for from, m := range r.j.Mapping() {
			o.Previous[from], o.PreviousByRole[from] = m.To, m.ByRole
		}
	}
	return o
}

// keepMapping tells the journal where automap sends the folders of this run, so
// that the next one sends them there again. Of folders that take no part now it
// keeps what it knew. Pairs that the user gave are his to repeat.
func (r *run) keepMapping() {
	if !r.table.Automap || r.p.Mode != plan.ModeSync && r.p.Mode != plan.ModeJustFolders {
		return
	}
	m := r.j.Mapping()
	if m == nil {
		m = make(map[string]journal.Mapped)
	}
	for i := range r.table.Rows {
		row := &r.table.Rows[i]
		if row.Refused != "" || row.Why == folders.WhyF1F2 || row.Why == folders.WhyMapFile {
			delete(m, row.From)
			continue
		}
		m[row.From] = journal.Mapped{To: row.To, ByRole: row.Why == folders.WhyAutomap}
	}
	r.journalFailed(r.j.SetMapping(m))
}

// mapFolders makes the mapping table and tells it, before the first byte.
func (r *run) mapFolders(ctx context.Context) error {
	t, err := folders.Map(r.folderOptions(), r.src.world, r.dst.world)
	if err != nil {
		var sub *folders.Subfolder1Error
		if errors.As(err, &sub) {
			r.tellSubfolders(&folders.Table{Subfolder1: sub.Tried[0]})
			r.fault(event.Error{Class: event.ErrSubfolder1, Text: sub.Error(), Hint: "--justfolderlists shows the names"})
			return errStopped
		}
		return err
	}
	r.table = t
	r.src.space, r.dst.space = t.Space1, t.Space2
	for i, s := range []folders.Space{t.Space1, t.Space2} {
		r.emit(event.Separator{
			Side: event.Side(i + 1), GuessSep: s.GuessSep, GuessPrefix: s.GuessPrefix,
			NamespaceSep: s.NamespaceSep, NamespacePfx: s.NamespacePrefix, FromNamespace: s.FromNamespace,
			Sep: s.Sep, Prefix: s.Prefix, SepGiven: s.SepGiven, PrefixGiven: s.PrefixGiven,
		})
		if s.Warning != "" {
			r.warn(fmt.Sprintf("Host%d: %s", i+1, s.Warning))
		}
	}
	r.tellSubfolders(t)
	r.tellChoice(&t.Choice)
	r.tellChecks(&t.Choice)
	if err := r.oneName(ctx, t.Rows, true); err != nil {
		return err
	}
	r.tellMapping(t)
	r.tellIdle(t)
	r.allMail()
	r.tellAllMail(t)
	for _, p := range t.Problems {
		if p.Warning {
			r.warn(p.Error())
			continue
		}
		r.fault(event.Error{Class: event.ErrFolder, Text: fmt.Sprintf("%s %q: %s", p.Option, p.Value, p.What), Hint: p.Remedy})
	}
	r.on2.folders = folders.NewExisting(r.dst.world.Folders)
	r.checkQuarantine()
	if r.o.MapWriter != nil && r.p.Folders.PrintMap != "" {
		if r.p.Folders.PrintMap == "json" {
			return t.WriteJSON(r.o.MapWriter)
		}
		return t.WriteTSV(r.o.MapWriter)
	}
	return nil
}

func (r *run) tellChoice(c *folders.Choice) {
	if c.All {
		r.emit(event.FoldersChosen{})
	}
	for _, s := range c.Steps {
		e := event.FoldersChosen{Pattern: s.Pattern, Exclude: s.Exclude}
		for _, n := range s.Names {
			e.Folders = append(e.Folders, folderName(n))
		}
		r.emit(e)
	}
	for _, i := range c.Ignored {
		r.emit(event.FolderIgnored{Side: 1, Folder: folderName(i.Name), Why: i.Why})
	}
}

func (r *run) tellMapping(t *folders.Table) {
	for n, roles := range [][]folders.Role{t.Roles1, t.Roles2} {
		for _, role := range roles {
			if t.Automap {
				r.emit(event.Role{Side: event.Side(n + 1), Folder: folderName(role.Name), Role: role.Role, Source: role.Source})
			}
		}
	}
	m := event.Mapped{Automap: t.Automap}
	for i := range t.Rows {
		row := &t.Rows[i]
		m.Rows = append(m.Rows, event.MapRow{
			From: folderName(row.From), To: folderName(row.To), Why: string(row.Why),
			Exists: row.Exists, Created: row.Create, Use: row.Use,
		})
		for _, w := range row.Warnings {
			m.Warnings = append(m.Warnings, fmt.Sprintf("[%s] -> [%s]: %s", folders.Text(row.From), folders.Text(row.To), w.Text))
		}
		for _, step := range row.Steps {
			r.emit(event.Debug{Topic: "folders", Text: step})
		}
	}
	for _, n := range t.Extras {
		m.Extra = append(m.Extra, folderName(n))
	}
	for _, p := range t.Unused {
		m.Unused = append(m.Unused, event.MapRow{From: folderName(p.From), To: folderName(p.To), Why: "f1f2"})
	}
	r.emit(m)
}
