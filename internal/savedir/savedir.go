// Package savedir keeps messages as files: FOLDER/UID.eml below a directory.
package savedir

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/display"
)

// Folder is the directory of one folder's messages.
type Folder struct{ path string }

// Open makes the directory below dir for a folder with this decoded name, readable
// by its owner only.
func Open(dir, name string) (Folder, error) {
	path := filepath.Join(dir, fileName(name))
	return Folder{path}, os.MkdirAll(path, 0o700)
}

// Write writes a message. Its file is there completely or not at all.
func (f Folder) Write(uid imap.UID, body io.Reader) error {
	part, err := os.CreateTemp(f.path, ".part-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(part.Name()) }()
	if _, err = io.Copy(part, body); err == nil {
		err = part.Sync()
	}
	if cerr := part.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(part.Name(), filepath.Join(f.path, fmt.Sprintf("%d.eml", uid)))
}

// longest bounds the names of directories, in bytes.
const longest = 120

// fileName makes a folder's name safe as one path element; names that had to be
// changed get a digest, so that two folders never share a directory.
func fileName(name string) string {
	safe := display.FileName(name)
	safe = strings.TrimRight(strings.TrimLeft(safe, "."), ". ")
	if len(safe) > longest {
		safe = strings.ToValidUTF8(safe[:longest], "")
	}
	if safe == name && name != "" {
		return safe
	}
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%s-%x", safe, sum[:4])
}
