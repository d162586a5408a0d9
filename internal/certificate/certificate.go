// Package certificate writes and reads what a verification found, message by message,
// so that host2 can be held against it when host1 is gone.
//
// The file is text, one fact a line, fields separated by TAB and escaped as in
// display.AppendField. Lines that begin with "#" are the head; then come, for each
// folder of host2, a line "folder" and the lines "message" of what is in it; the last
// line is the SHA-256 of everything before it. Signing is left to tools made for it
// (ssh-keygen -Y sign). It holds names of folders, addresses and digests; no password,
// no subject, no Message-Id. docs/verify.md describes the columns.
package certificate

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
)

// title is the first line of every certificate.
const title = "# imaphaul certificate 1"

// Folder is a folder of host2, by its raw name.
type Folder struct {
	Name        string
	Subscribed  bool
	UIDValidity uint32
}

// Message is a message of both sides. Sizes are in bytes, Date is INTERNALDATE on
// host2 in seconds since 1970, Folder1 a raw name.
type Message struct {
	Folder1          string
	Digest1, Digest2 [sha256.Size]byte
	Size1, Size2     int64
	Date             int64
	Flags            string
	UID1, UID2       uint32
}

// Fact is a line of the head: a name and what there is to say.
type Fact struct{ Name, Value string }

// Writer writes a certificate. Until Finish it is a file of another name.
type Writer struct {
	path string
	body *os.File
	w    *bufio.Writer
	line []byte
}

// Create begins a certificate. A file of that name is left alone, and an error.
func Create(path string) (*Writer, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%s exists already, and a certificate is not overwritten: choose another name", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".imaphaul-certificate-*") // with mode 0600
	if err != nil {
		return nil, err
	}
	return &Writer{path: path, body: f, w: bufio.NewWriter(f)}, nil
}

// FreeName is a name under which no file is: path, or path with a number before its
// extension, from 2.
func FreeName(path string) string {
	if path == "" {
		return ""
	}
	ext := filepath.Ext(path)
	for name, n := path, 2; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s.%d%s", strings.TrimSuffix(path, ext), n, ext)
	}
}

func (c *Writer) put(kind string, fields ...string) error {
	c.line = append(c.line[:0], kind...)
	for _, f := range fields {
		c.line = display.AppendField(append(c.line, '\t'), f)
	}
	c.line = append(c.line, '\n')
	_, err := c.w.Write(c.line)
	return err
}

// Folder begins a folder of host2.
func (c *Writer) Folder(f Folder) error {
	subscribed := "no"
	if f.Subscribed {
		subscribed = "yes"
	}
	return c.put("folder", f.Name, subscribed, strconv.FormatUint(uint64(f.UIDValidity), 10))
}

// Message adds a message of the folder begun last.
func (c *Writer) Message(m Message) error {
	return c.put("message", m.Folder1, hex.EncodeToString(m.Digest1[:]), hex.EncodeToString(m.Digest2[:]),
		strconv.FormatInt(m.Size1, 10), strconv.FormatInt(m.Size2, 10), time.Unix(m.Date, 0).UTC().Format(time.RFC3339), m.Flags,
		strconv.FormatUint(uint64(m.UID1), 10), strconv.FormatUint(uint64(m.UID2), 10))
}

// Abort gives the certificate up.
func (c *Writer) Abort() {
	c.body.Close()
	_ = os.Remove(c.body.Name()) // nothing else can be done
}

// Finish writes the head, what was added and the digest, and gives the file its name
// and the mode 0600.
func (c *Writer) Finish(head []Fact) (err error) {
	defer c.Abort()
	if err := c.w.Flush(); err != nil {
		return err
	}
	if _, err := c.body.Seek(0, io.SeekStart); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(c.path), ".imaphaul-certificate-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			out.Close()
			_ = os.Remove(out.Name()) // the reason is err
		}
	}()
	sum := sha256.New()
	w := bufio.NewWriter(out)
	both := io.MultiWriter(w, sum)
	line := []byte(title + "\n")
	for _, f := range head {
		line = append(append(line, "# "...), f.Name...)
		line = append(display.AppendField(append(line, '\t'), f.Value), '\n')
	}
	if _, err := both.Write(line); err != nil {
		return err
	}
	if _, err := io.Copy(both, c.body); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "sha256\t%x\n", sum.Sum(nil)); err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), out.Sync()); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	// Link instead of Rename: what came under this name meanwhile stays.
	if err := os.Link(out.Name(), c.path); err != nil {
		if errors.Is(err, os.ErrExist) {
			return err
		}
		return os.Rename(out.Name(), c.path) // a file system without links
	}
	return os.Remove(out.Name())
}
