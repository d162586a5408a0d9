// Package jsonout writes events as lines of JSON, for programs (--json): one object a
// line, with the fields of the event under their names in snake_case. docs/events.md
// lists them, docs/events.schema.json is their JSON Schema; both are made from the
// same types.
package jsonout

import (
	"io"
	"reflect"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// Version is the version of the lines, in each of them. Fields and events may be added
// under the same version; a consumer passes over those that it does not know.
const Version = 1

const (
	// flushAfter is how long the line of a message may wait in the buffer, and flushAt
	// how many bytes; other lines go out at once.
	flushAfter = time.Second
	flushAt    = 32 << 10
)

// Writer writes events to w. Its methods may be called from several goroutines.
type Writer struct {
	mu      sync.Mutex
	w       io.Writer
	now     func() time.Time
	account []byte // the field, encoded, and those of [Writer.OfRow]
	stamp   []byte // the time of the last line, encoded, and in milliseconds
	stamped int64
	seq     uint64
	buf     []byte
	timer   *time.Timer
	armed   bool
	err     error
}

// New returns a Writer; account names the pair of accounts in each line.
func New(w io.Writer, account string, now func() time.Time) *Writer {
	return &Writer{w: w, now: now, account: appendString([]byte(`,"account":`), account)}
}

// OfRow has each line tell which row of a batch it is about, which try that is, 0 for what
// is done before the first one, and what it does in place of copying, "" for nothing.
func (w *Writer) OfRow(row, try int, only string) {
	w.account = strconv.AppendInt(append(w.account, `,"row":`...), int64(row), 10)
	w.account = strconv.AppendInt(append(w.account, `,"try":`...), int64(try), 10)
	w.account = appendString(append(w.account, `,"only":`...), only)
}

// kind is how one type of event is written.
type kind struct {
	name   []byte
	object object
}

// kinds are made once; they are only read afterwards.
var kinds = sync.OnceValue(func() map[reflect.Type]*kind {
	all := make(map[reflect.Type]*kind)
	for _, e := range Events {
		t := reflect.TypeOf(e)
		all[t] = &kind{name: []byte(`,"event":"` + snake(t.Name()) + `"`), object: objectOf(t)}
	}
	return all
})

// Event writes one event.
func (w *Writer) Event(e event.Event) {
	k := kinds()[reflect.TypeOf(e)]
	if k == nil {
		return // see the test of Events
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin()
	w.buf = append(w.buf, k.name...)
	w.buf = k.object.append(w.buf, reflect.ValueOf(e))
	if fault, ok := e.(event.Error); ok {
		w.buf = append(w.buf, `,"exit_code":`...)
		w.buf = strconv.AppendInt(w.buf, int64(fault.Class.ExitCode()), 10)
	}
	w.buf = append(w.buf, "}\n"...)
	if _, message := e.(event.MessageCopied); message && len(w.buf) < flushAt {
		w.flushSoon()
		return
	}
	w.flush()
}

// begin writes what every line has.
func (w *Writer) begin() {
	w.seq++
	w.buf = append(w.buf, `{"v":1,"seq":`...)
	w.buf = strconv.AppendUint(w.buf, w.seq, 10)
	w.buf = append(w.buf, `,"time":"`...)
	if now := w.now(); w.stamp == nil || now.UnixMilli() != w.stamped { // many lines have one millisecond
		w.stamped = now.UnixMilli()
		w.stamp = now.UTC().AppendFormat(w.stamp[:0], "2006-01-02T15:04:05.000Z")
	}
	w.buf = append(w.buf, w.stamp...)
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, w.account...)
}

// Exit is the last line of a run: its exit code, and what it came to.
type Exit struct {
	Code           int
	Name           string // as in the exit line of the text
	Errors         int
	Warnings       int
	MessagesCopied int64
	BytesCopied    int64
	// Failure is what kept the run from beginning, "" when it began.
	Failure string
}

var exitObject = sync.OnceValue(func() object { return objectOf(reflect.TypeFor[Exit]()) })

// Exit writes the last line.
func (w *Writer) Exit(e Exit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin()
	w.buf = append(w.buf, `,"event":"exit"`...)
	w.buf = exitObject().append(w.buf, reflect.ValueOf(e))
	w.buf = append(w.buf, "}\n"...)
	w.flush()
}

// Lost is the line that stands for lines nobody read in time.
func Lost(dst []byte, lines int) []byte {
	dst = append(dst, `{"v":1,"event":"lines_lost","lines":`...)
	dst = strconv.AppendInt(dst, int64(lines), 10)
	return append(dst, "}\n"...)
}

func (w *Writer) flushSoon() {
	if w.armed {
		return
	}
	w.armed = true
	if w.timer == nil {
		w.timer = time.AfterFunc(flushAfter, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.armed = false
			w.flush()
		})
		return
	}
	w.timer.Reset(flushAfter)
}

// flush writes the buffer. A failing writer is given up for good: the run is worth
// more than its lines.
func (w *Writer) flush() {
	if len(w.buf) > 0 && w.err == nil {
		_, w.err = w.w.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

// Close writes what is left, and returns the first error of the writer.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
	w.flush()
	return w.err
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	return keys
}
