package engine

import (
	"errors"

	"github.com/imaphaul/imaphaul/internal/imapconn"
	"github.com/imaphaul/imaphaul/internal/session"
	"github.com/imaphaul/imaphaul/internal/survey"
)

// errDone ends a run that was asked for only a part of the work.
var errDone = errors.New("done")

// The kinds of errors that package session knows, under the names of this package.
type (
	loginError = session.LoginError
	entryError = session.EntryError
	errKiller  = session.KillerError
	errRebuilt = session.RebuiltError
)

// errStopped ends the copying of a folder without being a failure of its own:
// the reason was told already.
var errStopped = session.ErrStopped

func isStopped(err error) bool                       { return session.IsStopped(err) }
func isConnError(err error) bool                     { return session.IsConnError(err) }
func isRefusal(err error) bool                       { return session.IsRefusal(err) }
func refusalIn(err error) (*imapconn.Response, bool) { return session.RefusalIn(err) }
func serverWords(err error) string                   { return session.ServerWords(err) }
func endsRun(err error) bool                         { return session.EndsRun(err) }
func rangeErr(f *imapconn.Fetch) error               { return survey.RangeErr(f) }
