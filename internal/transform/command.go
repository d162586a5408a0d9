package transform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// killWait is how long a killed command may hold its pipes open.
	killWait = 2 * time.Second
	// outputFloor and outputFactor bound what a command may print, in bytes
	// and in multiples of its input, so that a runaway does not fill memory.
	outputFloor  = 64 << 20
	outputFactor = 16
	// stderrMax bounds what is kept of a command's stderr, in bytes.
	stderrMax = 4 << 10
)

// pipe runs a shell command with msg on its stdin and gives its stdout. option
// is for the texts. notice is what a successful command wrote on stderr, in
// imapsync's words. Failure is a non-zero status, a signal, no output, too much
// output, or the end of the time.
func (p *Pipeline) pipe(ctx context.Context, option, command string, msg []byte) (out []byte, notice string, err error) {
	if p.CommandTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, p.CommandTimeout,
			fmt.Errorf("it took longer than %v", p.CommandTimeout))
		defer cancel()
	}
	cmd := shellCommand(ctx, command)
	cmd.WaitDelay = killWait
	cmd.Stdin = bytes.NewReader(msg)
	stdout := &cappedBuffer{max: max(outputFloor, outputFactor*len(msg))}
	stderr := &cappedBuffer{max: stderrMax, drop: true}
	cmd.Stdout, cmd.Stderr = stdout, stderr

	err = cmd.Run()
	said := strings.TrimRight(stderr.buf.String(), "\r\n")
	if errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		// The command itself ended well; something it left in the background
		// held its output open.
		err = nil
	}
	if err != nil || stdout.buf.Len() == 0 {
		why := fmt.Sprintf("Failure: %s command %q ended with%s \"%d\" characters exit value \"%d\" and STDERR %q",
			option, command, signalText(cmd.ProcessState), stdout.buf.Len(), exitValue(cmd.ProcessState), said)
		switch {
		case ctx.Err() != nil:
			return nil, "", fmt.Errorf("%s: %w", why, context.Cause(ctx))
		case err != nil && cmd.ProcessState == nil || errors.Is(err, errTooMuchOutput):
			return nil, "", fmt.Errorf("%s: %w", why, err)
		}
		return nil, "", errors.New(why)
	}
	if said != "" {
		notice = fmt.Sprintf("STDERR of %s %q: %s", option, command, said)
	}
	return stdout.buf.Bytes(), notice, nil
}

// exitValue is a process's exit status, 0 if a signal ended it or it never ran.
func exitValue(s *os.ProcessState) int { return max(s.ExitCode(), 0) }

var errTooMuchOutput = errors.New("it printed too much")

// cappedBuffer keeps at most max bytes: beyond them, Write fails, or drops what
// it is given. The buffer is not embedded, for its ReadFrom would go round the
// limit.
type cappedBuffer struct {
	buf  bytes.Buffer
	max  int
	drop bool
}

// Write implements io.Writer.
func (b *cappedBuffer) Write(p []byte) (int, error) {
	room := b.max - b.buf.Len()
	if len(p) <= room {
		return b.buf.Write(p)
	}
	b.buf.Write(p[:room])
	if b.drop {
		return len(p), nil
	}
	return room, errTooMuchOutput
}
