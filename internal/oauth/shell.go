package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// errTooLong is a command that did not end in time.
var errTooLong = errors.New("it did not end in time")

// RunShell runs a command line through the system's shell, without input, for at
// most so long. Its standard output goes to out (nil: nowhere); what it prints on
// standard error goes nowhere, since it may hold secrets.
func RunShell(ctx context.Context, command string, most time.Duration, out io.Writer) error {
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	cmd := shellCommand(limited, command)
	cmd.Stdout = out
	cmd.WaitDelay = time.Second // for children that keep the output open
	err := cmd.Run()
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%w (%v)", errTooLong, most)
	}
	return err
}
