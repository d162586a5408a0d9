package transfer

import "sync"

// How much of the queue a connection pair takes at once. Where host2 wants to be asked
// before each message, a few are enough to keep a connection pair busy while it asks
// host1 for more; elsewhere a chunk has to fill the line. A connection pair has at most
// chunksAhead of them asked for, and queueInTurn messages waiting for their consent: what
// waits on a slow connection pair is done by no other.
const (
	chunkInTurn = 2
	chunkAhead  = 25
	chunksAhead = 4
	queueInTurn = 2
)

// workQueue hands the messages of a copy batch out to its connection pairs, so that none
// waits for another's share: chunks of about equal work, smaller towards the end.
type workQueue struct {
	tasks []Message
	pairs int
	// inTurn: host2 wants to be asked before each message.
	inTurn bool
	// room is how many connection pairs may work, see session.Backoff.
	room func() int

	mu      sync.Mutex
	todo    []int32
	working int
}

// newWorkQueue makes a queue of the messages that nothing is known against. Those that
// were refused, or that may be what ends connections, are for the main connection pair
// alone.
func (v *copyBatch) newWorkQueue() *workQueue {
	w := &workQueue{tasks: v.tasks}
	var bytes int64
	for i := range v.tasks {
		if t := &v.tasks[i]; t.open() && t.rung() == rungNone && t.at1&candidate1 == 0 && t.at1&missed1 == 0 && t.at2&refused2 == 0 {
			w.todo = append(w.todo, int32(i))
			bytes += t.Size()
		}
	}
	if c := v.conns.Dst.Conn; c != nil && len(w.todo) > 0 {
		w.inTurn = !c.Unasked(bytes / int64(len(w.todo)))
	}
	return w
}

// take gives a connection pair its next messages, all of one folder; none when the queue
// is empty, and when there are more connection pairs at work than may be. Then the
// connection pair that asks is one less, unless it is the main one.
func (w *workQueue) take(isMain bool) (todo []int32, retired bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !isMain && w.room != nil && w.working > w.room() {
		w.working--
		return nil, true
	}
	n := w.chunk()
	todo, w.todo = w.todo[:n:n], w.todo[n:]
	return todo, false
}

// join counts one more connection pair at work, if there is room for it and work.
func (w *workQueue) join() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.todo) == 0 || w.working > 0 && w.room != nil && w.working >= w.room() {
		return false
	}
	w.working++
	return true
}

// leave counts one less, of those that did not retire.
func (w *workQueue) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.working--
}

// chunk is the size of the next chunk.
func (w *workQueue) chunk() int {
	least, most := chunkAhead, windowMessages
	if w.inTurn {
		least, most = 1, chunkInTurn
	}
	n := min(max(len(w.todo)/(4*max(w.pairs, 1)), least), most, len(w.todo))
	if n == 0 {
		return 0
	}
	c := w.tasks[w.todo[0]].c
	var bytes int64
	for i := range n {
		t := &w.tasks[w.todo[i]]
		if bytes += t.Size(); i > 0 && (t.c != c || bytes > windowBytes) {
			return i
		}
	}
	return n
}

// nextChunk takes more from the queue for this connection pair; false when there is no more.
func (v *copyBatch) nextChunk() []int32 {
	if v.work == nil || v.retired {
		return nil
	}
	var todo []int32
	todo, v.retired = v.work.take(v.conns == v.run.main)
	return todo
}

// ahead is how many windows the fetcher may have under way on this connection pair.
func (v *copyBatch) ahead() int {
	n := windowsAhead
	switch {
	case v.careful:
		return 1
	case v.work != nil:
		n = chunksAhead
	}
	return v.run.Backoff.Commands(v.run.src.Governor, n)
}

// queueLength is how many messages may wait between the two halves.
func (v *copyBatch) queueLength() int {
	if v.work != nil && v.work.inTurn {
		return queueInTurn
	}
	return queueItems
}

// weight is the bytes that a round is to move: those of todo, and the share of its
// connection pair in a queue.
func (v *copyBatch) weight(todo []int32) (bytes int64) {
	for _, i := range todo {
		bytes += v.tasks[i].Size()
	}
	if v.work == nil {
		return bytes
	}
	v.work.mu.Lock()
	defer v.work.mu.Unlock()
	var rest int64
	for _, i := range v.work.todo {
		rest += v.tasks[i].Size()
	}
	return bytes + rest/int64(max(v.work.pairs, 1))
}
