package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// LogName makes the name of the log file (imapsync: --logdir, --logfile).
type LogName struct {
	Dir     string // --logdir, "" for the current directory
	File    string // --logfile, "" for a name made of time and users
	Started time.Time
	User1   string
	User2   string
	Abort   bool
}

// Path is the file's name. A File with an absolute path stays as it is, where
// imapsync puts the log directory in front of it.
func (n LogName) Path() string {
	file := n.File
	if file == "" {
		file = strings.Replace(n.Started.Format("2006_01_02_15_04_05.000"), ".", "_", 1) +
			"_" + cut(fileSafe(n.User1)) + "_" + cut(fileSafe(n.User2))
		if n.Abort {
			file += "_abort"
		}
		file += ".txt"
	}
	if n.Dir == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(n.Dir, file)
}

// longestUser is how much of a user a log is named by, in bytes: a file name has 255 at
// most.
const longestUser = 80

// cut shortens the name of a user that is too long for the name of a file.
func cut(user string) string {
	if len(user) <= longestUser {
		return user
	}
	h := sha256.Sum256([]byte(user))
	return user[:longestUser-9] + "_" + hex.EncodeToString(h[:4])
}

// fileSafe replaces, byte by byte, what a file name should not hold.
func fileSafe(user string) string {
	b := []byte(user)
	for i, c := range b {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`*|?:"<>'\/`, c) >= 0 {
			b[i] = '_'
		}
	}
	return string(b)
}

// OpenLog creates the log file, and its directories, or empties an old one.
// Only its owner can read it: addresses and subjects are nobody else's business.
func OpenLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("the directory of the log file %q cannot be made: %w"+
			" (choose another with --logdir or --logfile, or use --nolog)", path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the log file %q cannot be opened: %w"+
			" (choose another with --logdir or --logfile, or use --nolog)", path, err)
	}
	return f, nil
}

// Tee writes to the terminal and to the log. When one of them fails, the other
// is told and goes on alone: a full disk or a closed pipe does not stop a
// migration.
type Tee struct {
	Out, Log io.Writer // Log may be nil
	// OutErr and LogErr are the failures so far.
	OutErr, LogErr error
}

// Write gives p to both. It fails when nothing is left to write to.
func (t *Tee) Write(p []byte) (int, error) {
	hadLog := t.Log != nil && t.LogErr == nil
	if t.OutErr == nil {
		_, t.OutErr = t.Out.Write(p)
		if t.OutErr != nil && hadLog {
			p = append(p[:len(p):len(p)], fmt.Sprintf("Warning: standard output is lost: %v\n", t.OutErr)...)
		}
	}
	if hadLog {
		if _, t.LogErr = t.Log.Write(p); t.LogErr != nil && t.OutErr == nil {
			_, t.OutErr = fmt.Fprintf(t.Out, "Warning: the log file is given up: %v\n", t.LogErr)
		}
	}
	switch {
	case t.OutErr == nil, t.Log != nil && t.LogErr == nil:
		return len(p), nil
	}
	return 0, t.OutErr
}
