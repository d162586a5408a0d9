package certificate

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/imaphaul/imaphaul/internal/display"
)

// maxLine bounds a line of a certificate, in bytes.
const maxLine = 1 << 20

// ErrAltered says that a certificate is not what was written.
var ErrAltered = errors.New("the certificate was altered or is cut: its digest does not fit")

// Reader reads a certificate whose digest was found right.
type Reader struct {
	f    *os.File
	s    *bufio.Scanner
	n    int
	Head []Fact
	next []string // the fields of the line to come, nil at the end
}

// Open checks the digest of a certificate and reads its head. The file has to be an
// ordinary one: to open a pipe would wait for whoever writes to it.
func Open(path string) (*Reader, error) {
	if fi, err := os.Stat(path); err == nil && !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: it is no ordinary file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := open(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func open(f *os.File) (*Reader, error) {
	if err := check(f); err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	r := &Reader{f: f}
	r.s = bufio.NewScanner(f)
	r.s.Buffer(make([]byte, 64<<10), maxLine)
	for r.s.Scan() {
		r.n++
		line := r.s.Text()
		if !strings.HasPrefix(line, "#") {
			return r, r.take(line)
		}
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "# "), "\t")
		if r.n > 1 {
			text, err := display.ParseField(value)
			if err != nil {
				return nil, r.bad(err)
			}
			r.Head = append(r.Head, Fact{name, text})
		}
	}
	return r, r.s.Err()
}

// check reads the whole file and compares its digest.
func check(in io.Reader) error {
	s := bufio.NewReaderSize(in, 64<<10)
	sum := sha256.New()
	for n := 1; ; n++ {
		line, err := readLine(s)
		switch {
		case errors.Is(err, io.EOF):
			return ErrAltered // without its last line
		case err != nil:
			return err
		case n == 1 && string(line) != title+"\n":
			return errors.New("it is no certificate of imaphaul, or one of a later version")
		}
		if told, ok := bytes.CutPrefix(line, []byte("sha256\t")); ok {
			return ended(s, sum, told)
		}
		sum.Write(line)
	}
}

// ended checks the last line and that nothing follows.
func ended(s *bufio.Reader, sum hash.Hash, told []byte) error {
	if _, err := s.ReadByte(); !errors.Is(err, io.EOF) {
		return ErrAltered
	}
	if string(told) != hex.EncodeToString(sum.Sum(nil))+"\n" {
		return ErrAltered
	}
	return nil
}

// readLine reads a line with its end; one without an end is io.EOF.
func readLine(s *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := s.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > maxLine:
			return nil, errors.New("a line has no end")
		}
	}
}

func (r *Reader) bad(err error) error { return fmt.Errorf("line %d: %w", r.n, err) }

// take keeps a line for the next call.
func (r *Reader) take(line string) error {
	r.next = nil
	fields := strings.Split(line, "\t")
	for i := range fields {
		text, err := display.ParseField(fields[i])
		if err != nil {
			return r.bad(err)
		}
		fields[i] = text
	}
	if fields[0] != "sha256" {
		r.next = fields
	}
	return nil
}

func (r *Reader) advance() error {
	r.next = nil
	if r.s.Scan() {
		r.n++
		return r.take(r.s.Text())
	}
	return r.s.Err()
}

// Folder returns the next folder and its messages; io.EOF after the last one.
func (r *Reader) Folder() (f Folder, messages []Message, err error) {
	if r.next == nil {
		return f, nil, io.EOF
	}
	if len(r.next) != 4 || r.next[0] != "folder" {
		return f, nil, r.bad(errors.New("a folder was expected"))
	}
	validity, err := strconv.ParseUint(r.next[3], 10, 32)
	if err != nil {
		return f, nil, r.bad(err)
	}
	f = Folder{Name: r.next[1], Subscribed: r.next[2] == "yes", UIDValidity: uint32(validity)}
	for {
		if err := r.advance(); err != nil {
			return f, nil, err
		}
		if r.next == nil || r.next[0] == "folder" {
			return f, messages, nil
		}
		m, err := message(r.next)
		if err != nil {
			return f, nil, r.bad(err)
		}
		messages = append(messages, m)
	}
}

func message(fields []string) (m Message, err error) {
	if len(fields) != 10 || fields[0] != "message" {
		return m, errors.New("a message was expected")
	}
	m.Folder1, m.Flags = fields[1], fields[7]
	var errs [7]error
	m.Digest1, errs[0] = digest(fields[2])
	m.Digest2, errs[1] = digest(fields[3])
	m.Size1, errs[2] = strconv.ParseInt(fields[4], 10, 64)
	m.Size2, errs[3] = strconv.ParseInt(fields[5], 10, 64)
	at, err := time.Parse(time.RFC3339, fields[6])
	m.Date, errs[4] = at.Unix(), err
	one, err := strconv.ParseUint(fields[8], 10, 32)
	m.UID1, errs[5] = uint32(one), err
	two, err := strconv.ParseUint(fields[9], 10, 32)
	m.UID2, errs[6] = uint32(two), err
	return m, errors.Join(errs[:]...)
}

func digest(text string) (d [sha256.Size]byte, err error) {
	b, err := hex.DecodeString(text)
	if err == nil && len(b) != len(d) {
		err = fmt.Errorf("%q is no SHA-256", text)
	}
	copy(d[:], b)
	return d, err
}

// Close closes the file.
func (r *Reader) Close() error { return r.f.Close() }
