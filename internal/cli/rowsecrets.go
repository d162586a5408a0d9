package cli

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Lists come from others, and what a row names as the place of its secret is sent to the
// server that the same row names. So a row that could name any file, variable or entry of
// a keyring could have the passwords of this machine sent wherever its author likes. Its
// files have to lie where those for the list are kept, or to look like nothing else than
// the file of a password: loops over lists have such files everywhere.

// secretFiles are options that name a file of which something proves to a server who is
// calling, without the side.
var secretFiles = []string{"passfile", "tokenfile", "googlekey", "mssecretfile", "mscertfile", "mskeyfile", "oauthsecretfile"}

const wouldBeSent = "what is there would be sent to the server of this row, and lists come from others. "

// foreignSecret says why a row may not have its secret from there, "" if it may.
func foreignSecret(g given, dirs []string) string {
	key := g.opt.key()
	name := strings.TrimRight(key, "12")
	if name == key {
		return ""
	}
	file := ""
	switch kind, from, _ := strings.Cut(g.value, ":"); {
	case slices.Contains(secretFiles, name):
		file = g.value
	case name == "secret" && kind == "file":
		file = from
	case name == "secret" && (kind == "env" || kind == "keyring"):
		return "it names a secret of this machine: " + wouldBeSent + "Allow it with --allowrowcommands."
	case name == "oauthaccesstoken" || name == "oauthdirect":
		file = existing(g.value) // or else it is the token
	case name == "password":
		file = existing(keyNamed(g.value))
	}
	if file == "" {
		return ""
	}
	if fi, err := os.Stat(file); err == nil && fi.Mode()&fs.ModeNamedPipe != 0 {
		return "it is a pipe: where nobody writes to it all rows would wait. Put the secret into a file, or allow it with --allowrowcommands."
	}
	if slices.ContainsFunc(dirs, func(dir string) bool { return isBelow(file, dir) }) || isOneLine(file) {
		return ""
	}
	return "the file is not below the directory of the list, and holds more than one line or lies behind a name with a dot in front: " + wouldBeSent + "Add --passfiledir DIR with its directory behind the list, or move the file."
}

// isOneLine reports whether a file is an ordinary one that holds one line and nothing
// else, as those of passwords do, while keys, lists of users and settings have more. No
// part of its path may begin with a dot, also when links are followed: programs keep their
// own secrets there. What is not there, or cannot be read, is told elsewhere.
func isOneLine(file string) bool {
	named, err := filepath.Abs(file)
	if err != nil || hidden(named) {
		return false
	}
	whole, err := filepath.EvalSymlinks(named)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	fi, err := os.Stat(whole)
	if err != nil || !fi.Mode().IsRegular() || hidden(whole) {
		return false
	}
	f, err := os.Open(whole)
	if err != nil {
		return errors.Is(err, fs.ErrPermission)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretLine+3)) // and a line end
	if err != nil || len(text) > maxSecretLine+2 {
		return false
	}
	return !bytes.ContainsAny(bytes.TrimRight(text, "\r\n"), "\r\n\x00")
}

// keyNamed is the file of a service account's key that a password stands for with
// --authmechN XOAUTH2, "" for none (keyAsPassword).
func keyNamed(password string) string {
	if strings.HasSuffix(strings.ToLower(password), ".json") {
		return password
	}
	if parts := strings.SplitN(password, ";", 3); len(parts) == 3 {
		return parts[1]
	}
	return ""
}

// existing is the name of a file that is there, else "".
func existing(name string) string {
	if name == "" {
		return ""
	}
	if _, err := os.Stat(name); err != nil {
		return ""
	}
	return name
}

// isBelow reports whether a file lies below a directory, as it is written and when links
// are followed. What begins with a dot, such as ~/.ssh, was not put there for a list.
func isBelow(file, dir string) bool {
	file, errFile := filepath.Abs(file)
	dir, errDir := filepath.Abs(dir)
	if errFile != nil || errDir != nil {
		return false
	}
	inside, ok := below(file, dir)
	whole, errFile := filepath.EvalSymlinks(file)
	wholeDir, errDir := filepath.EvalSymlinks(dir)
	switch {
	case errDir != nil:
		return false
	case errFile != nil: // it is not there, which is told elsewhere
		return ok && !hidden(inside)
	case !ok:
		// Only one of both may have been named by a link.
		if inside, ok = below(whole, wholeDir); !ok {
			return false
		}
	}
	_, ok = below(whole, wholeDir)
	return ok && !hidden(inside)
}

// below is the path of a file within a directory; false when it is elsewhere.
func below(file, dir string) (string, bool) {
	inside, err := filepath.Rel(dir, file)
	return inside, err == nil && filepath.IsLocal(inside) && inside != "."
}

// hidden reports whether a part of a path begins with a dot.
func hidden(path string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(path), "/"), func(part string) bool { return strings.HasPrefix(part, ".") })
}

// waysToServer are options that say to whom what proves a login is sent, without the side.
var waysToServer = []string{"host", "proxy", "oauthhost", "oauthtokenurl"}

// namesServer are options that say what host N is.
var namesServer = []string{"host", "gmail", "office"}

// misled says which options of a row would send what proves the login of all rows to
// somebody whom the row names. Where no host is given for all rows, those of the list are
// meant to have it.
func (o *RowOptions) misled(row []given, environ []string) (problems []string) {
	if o.AllowCommands {
		return nil
	}
	for _, n := range []string{"1", "2"} {
		var ways []given
		own := false
		for _, g := range row {
			own = own || provesLogin(g.opt.key(), n)
			if name, ok := strings.CutSuffix(g.opt.key(), n); ok && slices.Contains(waysToServer, name) {
				ways = append(ways, g)
			}
		}
		if own || len(ways) == 0 {
			continue
		}
		common := slices.ContainsFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, "IMAPSYNC_PASSWORD"+n+"=") })
		host, hasHost := "", false
		for _, g := range scan(tableVocabulary(), o.All, false).given {
			common = common || provesLogin(g.opt.key(), n)
			if name, ok := strings.CutSuffix(g.opt.key(), n); ok && slices.Contains(namesServer, name) {
				hasHost = true
				if name == "host" {
					host = g.value
				}
			}
		}
		for _, g := range ways {
			if !common || g.opt.key() == "host"+n && (!hasHost || strings.EqualFold(g.value, host)) {
				continue
			}
			problems = append(problems, "--"+g.opt.Name+" in a row: the password or token that is given for all rows would go there, and lists come from others. Give the row one of its own, or allow it with --allowrowcommands.")
		}
	}
	return problems
}

// provesLogin is isCredential, also for what stands for an application.
func provesLogin(key, n string) bool {
	name, ok := strings.CutSuffix(key, n)
	return isCredential(key, n) || ok && slices.Contains([]string{"googlekey", "msclientid", "oauthclientid"}, name)
}
