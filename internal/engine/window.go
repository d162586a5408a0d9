package engine

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

// nextWindow returns how many of sizes (bytes, in order) make the next window.
// One message always does, however large.
func nextWindow(sizes func(i int) int64, n int) int {
	var bytes int64
	for i := range min(n, windowMessages) {
		bytes += sizes(i)
		if bytes > windowBytes && i > 0 {
			return i
		}
	}
	return min(n, windowMessages)
}
