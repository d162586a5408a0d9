package transfer

// The windows in which bodies are asked for: large enough that a round trip is
// paid once for many messages, small enough that a lost connection costs little
// and that several windows fit into the buffer budget.
const (
	windowBytes    = 4 << 20
	windowMessages = 500
	// windowsAhead is how many windows are asked for before the first is drained:
	// enough to fill a long line with the messages of small folders.
	windowsAhead = 12
)

// nextWindow returns how many of n sizes (bytes, in order) make the next window of
// at most most bytes. One message always does, however large.
func nextWindow(sizes func(i int) int64, n int, most int64) int {
	var bytes int64
	for i := range n {
		bytes += sizes(i)
		if bytes > most && i > 0 {
			return i
		}
	}
	return n
}
