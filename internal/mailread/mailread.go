// Package mailread reads an account, folder by folder, and changes nothing in it:
// for what judges a run afterwards, so with another client than the one that
// copied.
//
// The connection (socket, TLS, login) is imapconn's, since accounts are reached in
// many ways. Behind the login go-imap's client takes it over and reads messages.
// Where it cannot (it gives a connection up over a reply that it does not
// understand, a body of more than five minutes, a name that is not canonical
// modified UTF-7), imapconn reads what is left, and that is told. What go-imap
// cannot ask at all (LSUB, SEARCH with the user's own criteria) imapconn asks.
//
// Both connections let only commands pass that change nothing; the commands are
// counted by name where they leave. A folder counts as read when as many messages
// came as there are; those that did not come are named with the reason.
//
// A message costs nothing here but its body's way through a buffer. What a hostile
// server can make us spend is bounded: replies that nobody asked for are dropped, a
// line has at most a megabyte, and a connection is opened anew a bounded number of
// times.
package mailread

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/access"
	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// Message is what is told of a message beside its bytes. It is valid until the
// next one.
type Message struct {
	UID   imap.UID
	Flags []imap.Flag // as sent, \Recent too
	// Date is INTERNALDATE in seconds since 1970, if HasDate.
	Date    int64
	HasDate bool
	// Size is RFC822.SIZE; -1 when it was not told.
	Size int64
	// Length is the number of bytes that came of it: of the body, or of the header.
	Length int64
}

// Want says which bytes of messages are read: the whole, the header, or some fields
// of it.
type Want struct {
	Body, Header bool
	Fields       []string
}

// Sink takes the bytes of one message after the other. Reset comes before each.
type Sink interface {
	io.Writer
	Reset()
}

// Unread is a message that could not be read, and why.
type Unread struct {
	UID imap.UID
	Why string
}

// Folder is what is told of a folder that was read.
type Folder struct {
	UIDValidity uint32
	UIDNext     imap.UID
	Exists      uint32
	// Unread are messages that are there and could not be read.
	Unread []Unread
	// Own is why the program's own client had to read it or a part of it, "" where the
	// other one did.
	Own string
}

// Options say how an account is read.
type Options struct {
	// OnlyOwn leaves the other client out.
	OnlyOwn bool
	// Note takes what there is to say about the reading.
	Note func(text string)
}

// Reader reads one account. It is for one goroutine at a time, but for Commands.
type Reader struct {
	a *access.Account
	o Options

	own   *imapconn.Conn
	id    map[string]string
	other *otherClient
	// namespaceKills counts those that ended at NAMESPACE.
	namespaceKills int
	// reopened and failed count connections that were lost.
	reopened, failed int

	mu      sync.Mutex
	counted map[string]int64 // commands of connections that are over, and of other
}

// How often a connection is opened anew in the life of a Reader, and in how many
// folders the other client may fail before it is left out.
const (
	maxReopened = 200
	maxFailed   = 5
)

// Open connects and logs in.
func Open(ctx context.Context, a *access.Account, o Options) (*Reader, error) {
	r := &Reader{a: a, o: o, counted: make(map[string]int64)}
	if r.o.Note == nil {
		r.o.Note = func(string) {}
	}
	if err := r.openOwn(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Reader) openOwn(ctx context.Context) error {
	c, id, err := r.a.Open(ctx)
	if err != nil {
		return err
	}
	r.own, r.id = c, id
	return nil
}

// do calls f with the program's own connection, once more with another one if it
// is lost.
func (r *Reader) do(ctx context.Context, f func(*imapconn.Conn) error) error {
	for again := false; ; again = true {
		if r.own == nil {
			if r.reopened++; r.reopened > maxReopened {
				return errors.New("the connection was lost too often")
			}
			if err := r.openOwn(ctx); err != nil {
				return err
			}
		}
		err := f(r.own)
		var lost *imapconn.ConnError
		if !errors.As(err, &lost) {
			return err
		}
		r.dropOwn()
		if again || ctx.Err() != nil {
			return err
		}
	}
}

func (r *Reader) dropOwn() {
	if r.own == nil {
		return
	}
	r.count(r.own.CommandNames())
	_ = r.own.Close() // it was only read from
	r.own = nil
}

// Close says good-bye and closes. Its time is bounded.
func (r *Reader) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r.dropOther()
	if r.own != nil && r.own.Err() == nil {
		_ = r.own.Logout(ctx) // whatever it answers
	}
	r.dropOwn()
}

func (r *Reader) count(names map[string]int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, n := range names {
		r.counted[name] += n
	}
}

// Commands is how often each command was sent, by its name in upper case. Those of
// the open connection of imapconn count once it is closed.
func (r *Reader) Commands() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counted)
}

// words is what an error says, without the connection's own preamble.
func words(err error) string {
	var refusal *imapconn.Response
	if errors.As(err, &refusal) && refusal.Line() != "" {
		return refusal.Line()
	}
	return err.Error()
}

// folderError names the folder.
func folderError(name string, err error) error { return fmt.Errorf("folder %q: %w", name, err) }
