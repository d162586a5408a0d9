package cli

import (
	"path/filepath"

	"github.com/imaphaul/imaphaul/internal/plan"
)

// distinctFiles refuses one file for two purposes: what is written last would replace
// the other, a certificate for example.
func (b *builder) distinctFiles(p *plan.Plan) {
	logFile := p.Output.LogFile
	if logFile != "" && !filepath.IsAbs(logFile) {
		logFile = filepath.Join(p.Output.LogDir, logFile)
	}
	named := make(map[string]string)
	for _, f := range []struct{ option, path string }{
		{"--manifest", p.Proof.Manifest}, {"--against", p.Proof.Against}, {"--report", p.View.Report}, {"--json", p.View.JSON},
		{"--skippedfile", p.Transfer.SkippedFile}, {"--transcript", p.Doctor.Transcript}, {"--mapfile", p.Folders.MapFile}, {"--logfile", logFile}, {"--pidfile", p.Output.PidFile},
		{"--passfile1", b.v.str("passfile1")}, {"--passfile2", b.v.str("passfile2")},
	} {
		if f.path == "" || f.option == "--json" && f.path == "-" {
			continue
		}
		place := placeOf(f.path)
		other, taken := named[place]
		if taken && !(other == "--passfile1" && f.option == "--passfile2") {
			b.bad.add("%s and %s both name %s. Give each a file of its own.", other, f.option, f.path)
			continue
		}
		named[place] = f.option
	}
}

// placeOf is where a path leads: links are followed as far as there is something.
func placeOf(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		return filepath.Join(dir, filepath.Base(abs))
	}
	return abs
}
