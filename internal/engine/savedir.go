package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/uidset"
)

// save writes the originals of the messages that stay behind to --savedir, as
// FOLDER/UID.eml. A message that can not be saved is a warning: it is on host1
// still.
func (fs *folderSync) save(ctx context.Context) {
	dir := fs.run.p.Transfer.SaveDir
	if dir == "" || fs.run.p.Dry {
		return
	}
	var uids []imap.UID
	for _, l := range fs.left {
		if l.fault != nil || l.skip.Reason != event.SkipUnsent {
			uids = append(uids, l.uid)
		}
	}
	if len(uids) == 0 {
		return
	}
	folder := filepath.Join(dir, fileName(fs.from.Text))
	err := os.MkdirAll(folder, 0o700)
	if err == nil {
		err = fs.lane.src.do(ctx, func(conn *imapconn.Conn) error {
			return conn.FetchEach(ctx, uidset.Sorted(uids), imapconn.FetchItems{UID: true, Body: true}, func(m *imapconn.Message) error {
				if m.Body == nil {
					return nil
				}
				return writeWhole(filepath.Join(folder, fmt.Sprintf("%d.eml", m.UID)), m.Body)
			})
		})
	}
	if err != nil {
		fs.run.warn(fmt.Sprintf("--savedir %s: the messages of folder [%s] that stay behind could not all be saved: %v", dir, fs.from.Raw, err))
	}
}

// writeWhole writes a file that is there completely or not at all.
func writeWhole(path string, r io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if _, err = io.Copy(f, r); err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// fileName makes a folder's name safe as one path element; names that had to be
// changed get a digest, so that two folders never share a directory.
func fileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	safe = strings.TrimRight(strings.TrimLeft(safe, "."), ". ")
	if len(safe) > 120 {
		safe = strings.ToValidUTF8(safe[:120], "")
	}
	if safe == name {
		return safe
	}
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%s-%x", safe, sum[:4])
}
