package batchrun

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/batch"
	"github.com/imaphaul/imaphaul/internal/cli"
	"github.com/imaphaul/imaphaul/internal/display"
	"github.com/imaphaul/imaphaul/internal/oauth"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/planned"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/runner"
)

// parseRow makes a row's plan anew: passwords and tokens are as they are now.
func (b *run) parseRow(row batch.Row) (*plan.Plan, []string, []string) {
	r := b.readRow(row)
	return r.Plan, r.Masked, r.Problems
}

// readRow is parseRow with all that is known of a row that is not right.
func (b *run) readRow(row batch.Row) cli.BatchRow {
	if b.Hub != nil {
		return b.readHubRow(row)
	}
	var notes []string
	r := cli.ParseRow(cli.Input{
		Environ: b.environ, Now: time.Now(), Version: program.ShownVersion(), InDocker: program.InDocker(), ExtraFile: "options_extra.txt",
		FetchSecret: oauth.FetchSecret, FindLogin: oauth.Find,
		ReadMap: func(r io.Reader) (pairs []plan.MapPair, err error) {
			pairs, notes, err = planned.ReadMap(r)
			return pairs, err
		},
	}, cli.RowOptions{
		All: append(slices.Clip(b.Args), b.logs()...), Presets: b.presets[row.Number], AllowCommands: b.AllowRowCommands, SecretDirs: b.secretDirs(),
	}, slices.Concat(row.Args, b.insist()))
	p := r.Plan
	if p == nil {
		return r
	}
	for _, n := range notes {
		p.Output.Notes = append(p.Output.Notes, "Note: --mapfile "+p.Folders.MapFile+" "+n+".")
	}
	p.CommandLine = append(slices.Clone(b.Plan.CommandLine), append([]string{fmt.Sprintf("[row %d:", row.Number)}, append(r.Masked, "]")...)...)
	p.Output.PidFile, p.View = "", plan.View{Detail: plan.DetailQuiet, Report: p.View.Report}
	p.Output.Notes = slices.DeleteFunc(p.Output.Notes, func(n string) bool { return strings.HasPrefix(n, "Container found") })
	number := fmt.Sprintf("row%d", row.Number)
	if b.Out != "" && !slices.ContainsFunc(b.Args, func(a string) bool { return strings.HasPrefix(a, "--logdir=") }) {
		p.Output.LogDir = filepath.Join(b.Out, "log")
	}
	if p.Output.LogFile == "" && p.Output.Log {
		// Two rows of the same users may begin in the same millisecond.
		name := runner.LogPath(p)
		p.Output.LogFile = strings.TrimSuffix(filepath.Base(name), ".txt") + "_" + number + ".txt"
	}
	for option, file := range map[string]*string{"skippedfile": &p.Transfer.SkippedFile, "manifest": &p.Proof.Manifest, "report": &p.View.Report} {
		if *file != "" && !slices.Contains(r.Own, option) {
			ext := filepath.Ext(*file)
			*file = strings.TrimSuffix(*file, ext) + "." + number + ext
		}
	}
	if dir := p.Transfer.SaveDir; dir != "" && !slices.Contains(r.Own, "savedir") {
		// Its files are named by folder and UID.
		p.Transfer.SaveDir = filepath.Join(dir, dirOf(p.Accounts()))
	}
	return r
}

// logs are options for the logs in --out, which names their place: they are written in a
// container, too.
func (b *run) logs() []string {
	if b.Out == "" || slices.Contains(b.Args, "--nolog") {
		return nil
	}
	return []string{"--log"}
}

// secretDirs are where the files with the secrets of rows may lie.
func (b *run) secretDirs() []string {
	return append([]string{filepath.Dir(b.File)}, b.PassfileDirs...)
}

// fileOwners are the files that are written, by their whole names, and by whom.
type fileOwners map[string]string

// ownFiles are those of the batch itself, and what is wrong with options that name one of
// them: the list would be overwritten.
func (b *run) ownFiles() (w fileOwners, problems []string) {
	const own = "the batch itself"
	w = make(fileOwners)
	for _, f := range slices.Concat([]string{b.File, b.stateFile()}, b.resultFiles(), b.resultFilesOf("")) {
		w.add(f, own)
	}
	if twin := b.twin(); twin != "" && b.Hub == nil {
		if state := b.stateOf(twin); isFile(state) {
			problems = append(problems, fmt.Sprintf("the list %q was run here (%q is its state), and its results have the same names as those of %q. Give one of both another name, or another directory with --out", twin, state, b.File))
		}
	}
	for _, f := range []struct{ option, name string }{
		{"pidfile", b.Plan.Output.PidFile}, {"report", b.Plan.View.Report}, {"json", b.Plan.View.JSON},
	} {
		if f.name != "-" && w.add(f.name, own) != "" {
			problems = append(problems, fmt.Sprintf("--%s %q: this is a file of the batch itself: its list, its state, its results or what another option writes. Name another one", f.option, f.name))
		}
	}
	return w, problems
}

// isFile reports whether a file is there.
func isFile(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// add notes who writes a file, and returns who does so as well, "" for nobody.
func (w fileOwners) add(file, who string) (other string) {
	if file == "" {
		return ""
	}
	if whole, err := filepath.Abs(file); err == nil {
		file = whole
	}
	if whole, err := filepath.EvalSymlinks(file); err == nil {
		file = whole
	}
	if other, ok := w[file]; ok {
		return other
	}
	w[file] = who
	return ""
}

// take notes the files of a row, and says which of them are not its own.
func (w fileOwners) take(p *plan.Plan, who string) (problems []string) {
	for _, f := range []struct{ option, name string }{
		{"logfile", ownLog(p)}, {"skippedfile", p.Transfer.SkippedFile}, {"manifest", p.Proof.Manifest}, {"report", p.View.Report},
	} {
		if other := w.add(f.name, who); other != "" {
			problems = append(problems, fmt.Sprintf("--%s %q: %s writes this file, too. Give each row one of its own.", f.option, f.name, other))
		}
	}
	return problems
}

// ownLog is where the log of a row goes, "" for nowhere.
func ownLog(p *plan.Plan) string {
	if !p.Output.Log {
		return ""
	}
	return runner.LogPath(p)
}

// longestDir is the longest name of a directory for accounts, in bytes.
const longestDir = 200

// dirOf names a directory after the accounts of a row.
func dirOf(accounts string) string {
	name := display.FileName(accounts)
	if len(name) <= longestDir {
		return name
	}
	return strings.ToValidUTF8(name[:longestDir-17], "") + "_" + batch.Key([]string{accounts})[:16]
}
