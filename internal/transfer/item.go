package transfer

import (
	"io"
	"math/bits"
	"sync"
)

// item is one message on its way from feed to deliver.
type item struct {
	t    *Message
	at   int     // its index in the copy batch's tasks
	buf  *[]byte // the message, when it is in memory
	body io.Reader
	size int64
	held int64 // bytes of the budget
	// queued is what it takes of the backlog until it is taken from the queue.
	queued int64
	// signed: it got a key of its own since it was announced, see copier.sign.
	signed bool
	// cut says how some of its content was lost on the way to here, "" if none was.
	cut string
	// date is the one in the header, if it is to be the message's INTERNALDATE.
	date string
	// readErr is why the body of a streamed message could not be read.
	readErr error
	// done is told once when the body of a streamed message was read, with the
	// destination's error if it failed in between; told: it was.
	done chan error
	told bool
}

// read tells that the body of a streamed message was read, or will not be.
func (it *item) read(err error) {
	if it.done != nil && !it.told {
		it.told = true
		it.done <- err
	}
}

// release gives the item's memory back.
func (it *item) release(v *copyBatch) {
	it.taken(v)
	it.read(errDiscarded)
	if it.buf != nil {
		putBuffer(it.buf)
		it.buf = nil
	}
	if it.held > 0 {
		v.budget.Release(it.held)
		it.held = 0
	}
}

// taken gives back what the item took of the backlog.
func (it *item) taken(v *copyBatch) {
	if it.queued > 0 {
		v.backlog.Release(it.queued)
		it.queued = 0
	}
}

// buffers recycles the memory of small messages, in sizes of powers of two.
var buffers [22]sync.Pool

// smallest is the exponent of the smallest buffer, 2 KiB.
const smallest = 11

func getBuffer(n int64) *[]byte {
	class := max(bits.Len64(uint64(max(n, 1)-1)), smallest)
	if class >= len(buffers) {
		b := make([]byte, n)
		return &b
	}
	b, ok := buffers[class].Get().(*[]byte)
	if !ok {
		fresh := make([]byte, 1<<class)
		b = &fresh
	}
	*b = (*b)[:n]
	return b
}

// putBuffer takes back what getBuffer gave; a buffer that came from elsewhere is
// left to the garbage collector.
func putBuffer(b *[]byte) {
	class := bits.Len64(uint64(max(cap(*b), 1) - 1))
	if class >= smallest && class < len(buffers) && cap(*b) == 1<<class {
		buffers[class].Put(b)
	}
}
