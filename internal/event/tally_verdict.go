package event

// What a run may say of itself at its end.

// Complete tells whether every wanted folder was visited and none failed. It is
// false for a run that never reached the folder loop.
func (s *Stats) Complete() bool {
	return !s.LoopStarted.IsZero() && s.FoldersFailed == 0 && s.FoldersSynced >= s.FoldersWanted
}

// NeverVisited is the number of wanted folders the run did not come to.
func (s *Stats) NeverVisited() int {
	return max(0, s.FoldersWanted-s.FoldersSynced-s.FoldersFailed)
}

// Good tells whether every identified message of every wanted folder is in its
// folder on host2, with its flags, as far as the servers told of their folders.
func (s *Stats) Good() bool {
	return s.Complete() && s.OnlyOn1 == 0 && s.Lost == 0 && s.Doubtful == 0 && s.Short == 0 &&
		s.ByClass[ErrNotStored] == 0 && s.ByClass[ErrFlags] == 0 && len(s.LeftOut) == 0 && !s.Unlisted
}

// Strict tells whether host2 holds nothing besides in these folders.
func (s *Stats) Strict() bool {
	return s.Complete() && s.OnlyOn2 == 0 && s.Doubtful == 0 && len(s.LeftOut) == 0 && !s.Unlisted
}

// RefusedOnly tells whether every folder was carried through, and nothing is wrong but
// deletions that the guard refused.
func (s *Stats) RefusedOnly() bool {
	return s.Complete() && s.ErrorCount == s.ByClass[ErrRefused] && (s.ErrorCount > 0 || s.CeilingRefused)
}

// Unidentified is the number of host1 messages left out because they have no
// identifying header.
func (s *Stats) Unidentified() int64 { return s.SkippedBy[SkipNoHeader].Messages }

// Untaken is the number of host1 messages that are not on host2 as they should be, or not
// for certain, though no option that chooses messages leaves them out and no error tells
// of them: without any, and Good but for what such options leave out, all is there.
func (s *Stats) Untaken() int64 {
	return s.ByHost2 + s.SkippedBy[SkipTransform].Messages + s.Short + s.Doubtful + max(0, s.Lost) +
		s.Unidentified() + s.SkippedBy[SkipMarked].Messages + s.Unexplained()
}

// Unexplained is the number of identified host1 messages that are not on host2, though the
// run neither copied them, nor would without being dry, nor told why it did not.
func (s *Stats) Unexplained() int64 {
	told := s.WouldTransfer + s.Failed.Messages
	for reason := range s.SkippedBy {
		switch Skip(reason) {
		case SkipPresent, SkipDuplicate, SkipVanished, SkipShort, SkipNoHeader:
		default:
			told += s.SkippedBy[reason].Messages
		}
	}
	return max(0, s.OnlyOn1-told)
}
