package runner

import (
	"fmt"
	"time"

	"github.com/imaphaul/imaphaul/internal/event"
)

// whyEnded says why a run ended with a code other than 0 where no error tells: a limit, or
// what was found and lost when it was over. It is "" for a signal, which the user knows of.
func (r *runner) whyEnded(code int) string {
	s := r.tally.Stats()
	switch {
	case code == event.ExitOK, code == event.ExitBySignal, s.ErrorCount > 0, s.Finished.Fatal != nil:
		return ""
	case r.unsaid != nil:
		return r.unsaid.Error()
	case r.failed != "":
		return r.failed
	case r.faults > 0:
		return fmt.Sprintf("the verification found differences: %d", r.faults)
	case s.Finished.Stopped == event.StopDay:
		again := ""
		if d := s.Finished.ResumeIn; d > 0 {
			again = "; it may go on at " + time.Now().Add(d).Local().Format("2006-01-02 15:04 -0700")
		}
		return "the limit of bytes a day (--maxbytesperday1, --maxbytesperday2) is reached" + again
	case s.Finished.Stopped == event.StopLease:
		return "another process may have taken over the accounts"
	case s.CeilingRefused:
		return fmt.Sprintf("deletions that were refused since they would take too much: %d", s.RefusedDeletions)
	case !s.Complete():
		return fmt.Sprintf("%d of %d folders were gone through", s.FoldersSynced, s.FoldersWanted)
	case s.Untaken() > 0:
		return fmt.Sprintf("messages of host1 that are not on host2 as they should be: %d", s.Untaken())
	}
	return "it did not come to its end: its log says more"
}
