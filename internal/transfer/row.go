package transfer

import "sync"

// How much of the row a lane takes at once. Where host2 wants to be asked before
// each message, a few are enough to keep a lane busy while it asks host1 for
// more; elsewhere a chunk has to fill the line. A lane has at most chunksAhead
// of them asked for, and queueInTurn messages waiting for their consent: what
// waits on a slow lane is done by no other.
const (
	chunkInTurn = 2
	chunkAhead  = 25
	chunksAhead = 4
	queueInTurn = 2
)

// row hands the messages of a convoy out to its lanes, so that none waits for
// another's share: chunks of about equal work, smaller towards the end.
type row struct {
	tasks []Message
	lanes int
	// inTurn: host2 wants to be asked before each message.
	inTurn bool
	// room is how many lanes may work, see session.Backoff.
	room func() int

	mu      sync.Mutex
	todo    []int
	working int
}

// newRow makes a row of the messages that nothing is known against. Those that
// were refused, or that may be what ends connections, are for the main lane
// alone.
func (v *convoy) newRow() *row {
	w := &row{tasks: v.tasks}
	var bytes int64
	for i := range v.tasks {
		if t := &v.tasks[i]; t.open() && t.rung == rungNone && !t.suspect && !t.missed && !t.refused {
			w.todo = append(w.todo, i)
			bytes += t.Size
		}
	}
	if c := v.lane.Dst.Conn; c != nil && len(w.todo) > 0 {
		w.inTurn = !c.Unasked(bytes / int64(len(w.todo)))
	}
	return w
}

// take gives a lane its next messages, all of one folder; none when the row is
// empty, and when there are more lanes at work than may be. Then the lane that
// asks is one less, unless it is the main one.
func (w *row) take(isMain bool) (todo []int, retired bool) {
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

// join counts one more lane at work, if there is room for it and work.
func (w *row) join() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.todo) == 0 || w.working > 0 && w.room != nil && w.working >= w.room() {
		return false
	}
	w.working++
	return true
}

// leave counts one less, of those that did not retire.
func (w *row) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.working--
}

// chunk is the size of the next chunk.
func (w *row) chunk() int {
	least, most := chunkAhead, windowMessages
	if w.inTurn {
		least, most = 1, chunkInTurn
	}
	n := min(max(len(w.todo)/(4*max(w.lanes, 1)), least), most, len(w.todo))
	if n == 0 {
		return 0
	}
	c := w.tasks[w.todo[0]].c
	var bytes int64
	for i := range n {
		t := &w.tasks[w.todo[i]]
		if bytes += t.Size; i > 0 && (t.c != c || bytes > windowBytes) {
			return i
		}
	}
	return n
}

// nextChunk takes more from the row for this lane; false when there is no more.
func (v *convoy) nextChunk() []int {
	if v.row == nil || v.retired {
		return nil
	}
	var todo []int
	todo, v.retired = v.row.take(v.lane == v.run.main)
	return todo
}

// ahead is how many windows the feeder may have under way on this lane.
func (v *convoy) ahead() int {
	n := windowsAhead
	switch {
	case v.careful:
		return 1
	case v.row != nil:
		n = chunksAhead
	}
	return v.run.Backoff.Commands(v.run.src.Governor, n)
}

// queueLength is how many messages may wait between the two halves.
func (v *convoy) queueLength() int {
	if v.row != nil && v.row.inTurn {
		return queueInTurn
	}
	return queueItems
}

// weight is the bytes that a round is to move: those of todo, and the share of its
// lane in a row.
func (v *convoy) weight(todo []int) (bytes int64) {
	for _, i := range todo {
		bytes += v.tasks[i].Size
	}
	if v.row == nil {
		return bytes
	}
	v.row.mu.Lock()
	defer v.row.mu.Unlock()
	var rest int64
	for _, i := range v.row.todo {
		rest += v.tasks[i].Size
	}
	return bytes + rest/int64(max(v.row.lanes, 1))
}
