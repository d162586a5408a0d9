package event

import "errors"

// Exit codes, imapsync's numbers (docs/trouble.md) and ours:
// imapsync has no ceiling for deletions, no verification and no leases.
const (
	ExitOK                = 0
	ExitCatchAll          = 1
	ExitNoFile            = 2 // a log, a directory or a list cannot be made: imapsync's errno ENOENT
	ExitBySignal          = 6
	ExitByFile            = 7
	ExitPidFile           = 8
	ExitConnection        = 10
	ExitTLS               = 12
	ExitAuthentication    = 16
	ExitSubfolder1        = 21
	ExitUsage             = 64
	ExitNoInput           = 66
	ExitUnavailable       = 69
	ExitSoftware          = 70
	ExitConnection1       = 101
	ExitConnection2       = 102
	ExitErrors            = 111
	ExitErrorsMax         = 112
	ExitOverquota         = 113
	ExitAppend            = 114
	ExitFetch             = 115
	ExitCreate            = 116
	ExitSelect            = 117
	ExitTransferExceeded  = 118
	ExitAppendVirus       = 119
	ExitFlags             = 120
	ExitDeletionRefused   = 122
	ExitAuthenticateUser1 = 161
	ExitAuthenticateUser2 = 162
	ExitDiffers           = 180 // a verification found differences; our own codes begin here
	ExitLeaseOver         = 181 // another process may have taken over the accounts
	ExitNotSafe           = 182 // host1 is not to be closed yet (imaphaul cutover)
	ExitTestsFailed       = 254
)

// classExit holds the classes whose exit code is not ExitErrors.
var classExit = map[Class]int{
	ErrAuthUser1:        ExitAuthenticateUser1,
	ErrAuthUser2:        ExitAuthenticateUser2,
	ErrAuthMechanism:    ExitAuthentication,
	ErrTLS:              ExitTLS,
	ErrConnection1:      ExitConnection1,
	ErrConnection2:      ExitConnection2,
	ErrFetch:            ExitFetch,
	ErrAppend:           ExitAppend,
	ErrAppendSize:       ExitAppend,
	ErrAppendVirus:      ExitAppendVirus,
	ErrOverquota:        ExitOverquota,
	ErrFlags:            ExitFlags,
	ErrCreate:           ExitCreate,
	ErrSelect:           ExitSelect,
	ErrTransferExceeded: ExitTransferExceeded,
	ErrRefused:          ExitDeletionRefused,
	ErrSubfolder1:       ExitSubfolder1,
}

// ExitCode is the exit code of a run in which c is the most frequent class.
func (c Class) ExitCode() int {
	if code, ok := classExit[c]; ok {
		return code
	}
	return ExitErrors
}

// MostFrequent is the class with the most errors, the alphabetically first of
// several; "" when there was no error.
func (s *Stats) MostFrequent() Class {
	var best Class
	for c, n := range s.ByClass {
		if m := s.ByClass[best]; n > m || n == m && c < best {
			best = c
		}
	}
	return best
}

// ExitCode is the exit code of the run, imapsync's rule where it has one: the
// code of the most frequent class of errors. It differs where imapsync says 0
// for work not done: a wanted folder that was not visited (111) and a deletion
// that the ceiling refused (122). A fatal error that knows its own code, by a
// method ExitCode() int, keeps it.
func (s *Stats) ExitCode() int {
	f := &s.Finished
	if f.Stopped == StopLease {
		return ExitLeaseOver // whatever else was seen: others answer for the accounts now
	}
	if f.Stopped == StopSignal {
		return ExitBySignal
	}
	var own interface{ ExitCode() int }
	if errors.As(f.Fatal, &own) {
		return own.ExitCode()
	}
	if s.ErrorCount > 0 {
		c := s.MostFrequent()
		if f.Mode == "justconnect" && (c == ErrConnection1 || c == ErrConnection2) {
			return ExitConnection
		}
		return c.ExitCode()
	}
	switch {
	case s.CeilingRefused:
		return ExitDeletionRefused
	case f.Stopped == StopFile:
		return ExitByFile
	case f.Stopped == StopOver, f.Stopped == StopDay:
		return ExitTransferExceeded
	case f.Fatal != nil, f.Stopped == StopLost:
		return ExitCatchAll
	case !s.LoopStarted.IsZero() && !s.Complete():
		return ExitErrors
	case s.Followed && s.ByHost2 > 0:
		return ExitAppend // following promises more than a run does: that all is on host2
	case s.Followed && (s.Untaken() > 0 || len(s.LeftOut) > 0):
		return ExitErrors
	}
	return ExitOK
}
