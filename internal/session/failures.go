package session

import (
	"context"
	"errors"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// UnlessStopped is err, but for a wait that ended because the run is to stop:
// what is under way goes on.
func UnlessStopped(err error) error {
	if IsStopped(err) {
		return nil
	}
	return err
}

// IsConnError reports whether err is the end of a connection, or says that none can
// be had.
func IsConnError(err error) bool {
	var killer *KillerError
	if errors.As(err, &killer) {
		return false
	}
	var ce *imapconn.ConnError
	var entry *EntryError
	var r *imapconn.Response
	return errors.As(err, &ce) || errors.As(err, &entry) || errors.As(err, &r) && r.Status == "BYE"
}

// RefusalIn is the server's refusal inside err, if there is one.
func RefusalIn(err error) (*imapconn.Response, bool) {
	var resp *imapconn.Response
	ok := errors.As(err, &resp)
	return resp, ok
}

// IsRefusal reports whether err is a NO or BAD, after which the connection lives, or
// as good as that: a command that no connection survives.
func IsRefusal(err error) bool {
	_, ok := RefusalIn(err)
	return ok && !IsConnError(err) || errors.As(err, new(*KillerError))
}

// EndsRun reports whether an error concerns more than the folder it was met in.
func EndsRun(err error) bool {
	return IsStopped(err) || IsConnError(err) || errors.As(err, new(*LoginError)) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
