package journal

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func wantIs(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: %v, want %v", what, err, target)
	}
}

// given fills a folder of UIDVALIDITY 10 and 20 with one message of every kind.
func given(t *testing.T, j *Journal) *Folder {
	t.Helper()
	f := attach(t, j, "INBOX", "INBOX", 10, 20)
	for _, err := range []error{
		f.Put(
			Entry{UID1: 1, UID2: 11, Key: Key{1}, Flags1: 1, Flags2: 1, Size: 5, Delivered: true},
			Entry{UID1: 2, Key: Key{2}, Flags1: 1, Size: 6},
			Entry{UID1: 3, Key: Key{3}, Delivered: true}, // deleted on host2
		),
		f.Put(Entry{UID1: 4, Key: Key{4}, Delivered: true}),
		f.Drop(4),
		f.PutExtras(Entry{UID2: 30, Key: Key{30}}),
		f.SetState(FolderState{UIDNext1: 5, ModSeq2: 1 << 63, Size1: -1, CompleteAt: time.Unix(1, 5)}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func TestAttach(t *testing.T) {
	tests := []struct {
		name            string
		uv1, uv2        uint32
		change          Change
		entries, extras []Entry
		delivered       []byte // first bytes of keys
		complete        bool
	}{
		{
			name: "same", uv1: 10, uv2: 20,
			entries: []Entry{
				{UID1: 1, UID2: 11, Key: Key{1}, Flags1: 1, Flags2: 1, Size: 5, Delivered: true},
				{UID1: 2, Key: Key{2}, Flags1: 1, Size: 6},
				{UID1: 3, Key: Key{3}, Delivered: true},
			},
			extras:    []Entry{{UID2: 30, Key: Key{30}}},
			delivered: []byte{4}, complete: true,
		},
		{
			name: "host1 rebuilt", uv1: 11, uv2: 20, change: Change{Rebuilt1: true},
			extras:    []Entry{{UID2: 11, Key: Key{1}, Flags2: 1, Size: 5}, {UID2: 30, Key: Key{30}}},
			delivered: []byte{1, 3, 4},
		},
		{
			name: "host2 rebuilt", uv1: 10, uv2: 21, change: Change{Rebuilt2: true},
			entries: []Entry{
				{UID1: 1, Key: Key{1}, Flags1: 1, Size: 5},
				{UID1: 2, Key: Key{2}, Flags1: 1, Size: 6},
				{UID1: 3, Key: Key{3}},
			},
		},
		{name: "both rebuilt", uv1: 11, uv2: 21, change: Change{Rebuilt1: true, Rebuilt2: true}},
		{
			name: "host1 has none", uv1: 0, uv2: 20, change: Change{Rebuilt1: true},
			extras:    []Entry{{UID2: 11, Key: Key{1}, Flags2: 1, Size: 5}, {UID2: 30, Key: Key{30}}},
			delivered: []byte{1, 3, 4},
		},
	}
	for _, tt := range tests {
		for _, mode := range []Mode{ReadWrite, ReadOnly, DryRun} {
			t.Run(tt.name+map[Mode]string{ReadOnly: ", reading only", DryRun: ", dry"}[mode], func(t *testing.T) {
				dir := t.TempDir()
				j := mustOpen(t, dir)
				given(t, j)
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
				j = openMode(t, dir, mode)
				f := j.Folder("INBOX", "INBOX")
				change, err := f.Attach(tt.uv1, tt.uv2)
				if err != nil || change != tt.change {
					t.Fatalf("%+v, %v; want %+v", change, err, tt.change)
				}
				if d := cmp.Diff(tt.entries, collect(t, f.Entries())); d != "" {
					t.Errorf("entries (-want +got)\n%s", d)
				}
				extras := tt.extras
				if mode != ReadWrite && tt.change.Rebuilt1 && !tt.change.Rebuilt2 {
					extras = []Entry{{UID2: 30, Key: Key{30}}} // the others are not moved there
				}
				if d := cmp.Diff(extras, collect(t, f.Extras())); d != "" {
					t.Errorf("extras (-want +got)\n%s", d)
				}
				for k := range byte(40) {
					want := false
					for _, d := range tt.delivered {
						want = want || d == k
					}
					if got, err := f.TimesDelivered(Key{k}); got > 0 != want || err != nil {
						t.Errorf("TimesDelivered(%d) = %v, %v", k, got, err)
					}
				}
				s, known := f.State()
				if !known || s.CompleteAt.IsZero() == tt.complete || s.UIDValidity1 != tt.uv1 || s.UIDValidity2 != tt.uv2 {
					t.Errorf("state %+v, %v", s, known)
				}
			})
		}
	}
}

func TestStateComesBack(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	f := given(t, j)
	want := FolderState{
		UIDValidity1: 10, UIDValidity2: 20, UIDNext1: 1<<32 - 1, UIDNext2: 2, ModSeq1: 1, ModSeq2: 1<<64 - 1,
		Messages1: 3, Messages2: 4, Size1: 1 << 62, Size2: -1, CompleteAt: time.Unix(1_700_000_000, 123),
	}
	if err := f.SetState(want); err != nil {
		t.Fatal(err)
	}
	j = reopen(t, j, dir)
	fs := j.Folders()
	if len(fs) != 1 {
		t.Fatalf("%d folders", len(fs))
	}
	got, known := fs[0].State()
	if d := cmp.Diff(want, got); d != "" || !known {
		t.Errorf("(-want +got)\n%s", d)
	}
	if one, two := fs[0].Names(); one != "INBOX" || two != "INBOX" {
		t.Error(one, two)
	}
}

// A folder without UIDVALIDITY keeps what is learned until it is opened again.
func TestNoUIDValidity(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	f := attach(t, j, "A", "A", 7, 0)
	if err := f.Put(Entry{UID1: 1, UID2: 1, Key: Key{1}, Delivered: true}); err != nil {
		t.Fatal(err)
	}
	if es := collect(t, f.Entries()); len(es) != 1 || es[0].UID2 != 1 {
		t.Errorf("%+v", es)
	}
	change, err := f.Attach(7, 0)
	if err != nil || !change.Rebuilt2 || change.Rebuilt1 {
		t.Errorf("%+v, %v", change, err)
	}
	if es := collect(t, f.Entries()); len(es) != 1 || es[0].UID2 != 0 {
		t.Errorf("%+v", es)
	}
}
