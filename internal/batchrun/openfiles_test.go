package batchrun

import "testing"

func TestRowsWithinOpenFiles(t *testing.T) {
	for _, c := range []struct {
		files             uint64
		connections, want int
	}{{64, 1, 2}, {1024, 1, 82}, {1024, 8, 38}, {16, 1, 1}, {0, 1, 1 << 30}, {1 << 62, 1, 1 << 30}, {^uint64(0), 0, 1 << 30}} {
		if got := min(rowsWithin(c.files, c.connections), 1<<30); got != c.want {
			t.Errorf("%d files, %d connections: %d rows, not %d", c.files, c.connections, got, c.want)
		}
	}
}
