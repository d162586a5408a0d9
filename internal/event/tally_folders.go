package event

// FolderFigures are the figures of one folder pair. They count host1's messages:
// each is in one of the four numbers, but for reports of earlier runs.
type FolderFigures struct {
	From, To Folder
	// Copied by this run, and their bytes.
	Copied, Bytes int64
	// Present were on host2 already, under this UID or another.
	Present int64
	// LeftOut stay behind for a reason that is no error, Failed because of one.
	LeftOut, Failed int64
	// Done tells that the folder was gone through, Broken that it was not
	// without a failure.
	Done, Broken bool
}

// folder gives the figures of a host1 folder, nil for one that was not begun.
func (t *Tally) folder(from Folder) *FolderFigures {
	// Messages come folder by folder, mostly.
	if t.last == nil || t.last.From.Raw != from.Raw {
		t.last = t.folders[from.Raw]
	}
	return t.last
}

// begin makes the figures of a folder.
func (t *Tally) begin(e FolderStart) {
	if f := t.folders[e.From.Raw]; f != nil && t.passes {
		t.last = f
		return
	}
	f := &FolderFigures{From: e.From, To: e.To}
	t.folders[e.From.Raw], t.last = f, f
	t.s.Folders = append(t.s.Folders, f)
}

// inFolder counts n messages of a folder in one of its figures.
func (t *Tally) inFolder(from Folder, n int64, figure func(*FolderFigures) *int64) {
	if f := t.folder(from); f != nil {
		*figure(f) += n
	}
}

func copiedOf(f *FolderFigures) *int64  { return &f.Copied }
func bytesOf(f *FolderFigures) *int64   { return &f.Bytes }
func presentOf(f *FolderFigures) *int64 { return &f.Present }
func leftOutOf(f *FolderFigures) *int64 { return &f.LeftOut }
func failedOf(f *FolderFigures) *int64  { return &f.Failed }
