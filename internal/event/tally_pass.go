package event

import "time"

// nextPass begins the figures of what is there anew, since the pass that begins finds
// that out. What was done stays and adds up: copies, deletions, changed flags, made
// folders, warnings. So the end of following tells what all passes did, and the verdict
// and the exit code are those of the last.
func (t *Tally) nextPass() {
	s := &t.s
	s.LoopStarted = time.Time{}
	s.FoldersWanted, s.FoldersSynced, s.FoldersFailed = 0, 0, 0
	s.Incomplete, s.Unvisited, s.Unlisted, s.LeftOut = nil, nil, false, nil
	s.Skipped, s.BytesSkipped, s.Processed = 0, 0, 0
	s.SkippedBy, s.Failed = [skipReasons]Amount{}, Amount{}
	s.Lost, s.Short, s.Doubtful, s.ByHost2 = 0, 0, 0, 0
	s.NotCopied, s.NotCopiedCount = nil, 0
	s.Duplicates, s.NoHeader = [3]int64{}, [3]int64{}
	s.Identified1, s.Identified2, s.OnlyOn1, s.OnlyOn2 = 0, 0, 0, 0
	s.RefusedDeletions, s.Refusals, s.CeilingRefused = 0, nil, false
	s.ErrorCount, s.ByClass, s.Errors = 0, map[Class]int{}, nil
	for _, f := range s.Folders {
		f.Present, f.LeftOut, f.Failed, f.Done, f.Broken = 0, 0, 0, false, false
	}
	t.passes = true
	t.done = map[string]struct{}{}
	t.present, t.last = 0, nil
}
