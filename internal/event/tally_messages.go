package event

func (t *Tally) copied(e MessageCopied) {
	s := &t.s
	s.Processed++
	if e.Dry {
		s.WouldTransfer++
		s.WouldTransferBytes += e.Bytes
		return
	}
	s.Transferred++
	s.BytesTransferred += e.Bytes
	t.inFolder(e.From, 1, copiedOf)
	t.inFolder(e.From, e.Bytes, bytesOf)
	s.Biggest = max(s.Biggest, e.Bytes)
	if e.Altered != "" {
		s.Altered++
	}
	if e.Late {
		s.Lost--
	}
}

func (t *Tally) missing(e MessageMissing) {
	s := &t.s
	if e.Late {
		s.Lost++
	}
	if e.Seen {
		return
	}
	s.Processed--
	s.Transferred--
	s.BytesTransferred -= e.Bytes
	t.inFolder(e.From, -1, copiedOf)
	t.inFolder(e.From, -e.Bytes, bytesOf)
}

func (t *Tally) skipped(e MessageSkipped) {
	s := &t.s
	if e.Side == 2 {
		return // host2 messages are counted by FolderListed
	}
	if e.Reason >= 0 && int(e.Reason) < len(s.SkippedBy) {
		s.SkippedBy[e.Reason].Messages++
		s.SkippedBy[e.Reason].Bytes += e.Bytes
	}
	if e.ByHost2 {
		s.ByHost2++
	}
	if n, ok := AsNotCopied(e); ok && n.Missing() {
		t.notCopied(n)
		t.inFolder(e.Folder, 1, leftOutOf)
	} else if e.Reason != SkipReport {
		t.inFolder(e.Folder, 1, presentOf)
	}
	if e.Reason == SkipUnsent {
		return // not decided, so neither processed nor skipped
	}
	s.Processed++
	s.Skipped++
	if e.Reason != SkipDuplicate {
		s.BytesSkipped += e.Bytes
	}
}

func (t *Tally) presentOnBoth(f Folder, n, bytes int64) {
	t.inFolder(f, n, presentOf)
	t.present += n
	t.s.Processed += n
	t.s.Skipped += n
	t.s.BytesSkipped += bytes
}

func (t *Tally) failed(e Error) {
	s := &t.s
	s.ErrorCount++
	s.ByClass[e.Class]++
	if e.Class == ErrListing && e.Folder == (Folder{}) {
		s.Unlisted = true // no folder is named: their list is meant
	}
	if len(s.Errors) < keptErrors {
		s.Errors = append(s.Errors, e)
	}
	if n, ok := AsNotCopied(e); ok {
		s.Processed++
		s.Failed.Messages++
		s.Failed.Bytes += e.Bytes
		t.inFolder(e.Folder, 1, failedOf)
		t.notCopied(n)
	}
}

func (t *Tally) notCopied(n NotCopied) {
	t.s.NotCopiedCount++
	if len(t.s.NotCopied) < keptNotCopied {
		t.s.NotCopied = append(t.s.NotCopied, n)
	}
}
