//go:build !linux

package report

// Only Linux tells these through files; elsewhere the text says "unknown".

func load() (string, bool) { return "", false }

func ram() (free, total int64, ok bool) { return 0, 0, false }

func resident() int64 { return heap() }
