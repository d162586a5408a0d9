// Package mappedfile turns what goes wrong in a memory map into errors.
package mappedfile

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrFault marks an error of [Guard] that was a panic. The locks that the code in
// between held may be held for ever: nothing more is asked of that file.
var ErrFault = errors.New("storage failed")

// Guard runs f and turns a panic into an error that is [ErrFault]. bbolt reads through
// a memory map: a disk that fails or a file cut short by somebody else shows as a page
// fault, and an unsound page as a panic. Neither may end the program.
func Guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrFault, p)
		}
	}()
	return f()
}
