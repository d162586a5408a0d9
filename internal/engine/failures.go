package engine

import (
	"errors"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
)

// errDone ends a run that was asked for only a part of the work.
var errDone = errors.New("done")

// errStopped ends the copying of a folder without being a failure of its own:
// the reason was told already.
var errStopped = session.ErrStopped

func isStopped(err error) bool { return session.IsStopped(err) }

// unlessStopped is err, but for a wait that ended because the run is to stop:
// what is under way goes on.
func unlessStopped(err error) error {
	if isStopped(err) {
		return nil
	}
	return err
}

// isConnError reports whether err is the end of a connection, or says that none can
// be had.
func isConnError(err error) bool {
	var killer *errKiller
	if errors.As(err, &killer) {
		return false
	}
	var ce *imapconn.ConnError
	var entry *entryError
	var r *imapconn.Response
	return errors.As(err, &ce) || errors.As(err, &entry) || errors.As(err, &r) && r.Status == "BYE"
}

// refusalIn is the server's refusal inside err, if there is one.
func refusalIn(err error) (*imapconn.Response, bool) {
	var resp *imapconn.Response
	ok := errors.As(err, &resp)
	return resp, ok
}

// isRefusal reports whether err is a NO or BAD, after which the connection lives, or
// as good as that: a command that no connection survives.
func isRefusal(err error) bool {
	_, ok := refusalIn(err)
	return ok && !isConnError(err) || errors.As(err, new(*errKiller))
}
