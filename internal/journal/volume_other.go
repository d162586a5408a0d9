//go:build !linux

package journal

// OnSharedVolume reports whether a directory lies on a volume that other machines may
// use at the same time. It cannot be told here, so it is false (--cacheshared says so).
func OnSharedVolume(string) bool { return false }
