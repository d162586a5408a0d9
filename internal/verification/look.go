package verification

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/folders"
	"github.com/imaphaul/imaphaul/internal/mailread"
)

// The second look reads the headers of what differs: for Message-Id and subject, and
// for the names of the fields that differ.

// lookAtOnce is how many headers are in memory at one time; mostLooked how many are
// looked at in one folder for the sake of words alone.
const (
	lookAtOnce = 500
	mostLooked = 5000
)

// look finds the words for rows.
func (w *work) look(ctx context.Context) error {
	var todo []int
	for i := range w.rows {
		f := &w.rows[i]
		eightBit := f.form && w.src[f.s].text != w.dst[f.d].text
		if f.look && len(todo) < mostLooked || eightBit || w.headerAlone(f) || f.s >= 0 && len(todo) < mostLooked {
			todo = append(todo, i)
		}
	}
	for part := range slices.Chunk(todo, lookAtOnce) {
		if err := w.lookAt(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) lookAt(ctx context.Context, rows []int) error {
	var headers1 []map[imap.UID][]field // for each folder of host1
	var headers2 map[imap.UID][]field
	both, gctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		headers1 = make([]map[imap.UID][]field, len(w.g.from))
		for n := range w.g.from {
			var at []int32
			for _, i := range rows {
				if f := &w.rows[i]; f.s >= 0 && int(w.src[f.s].from) == n {
					at = append(at, f.s)
				}
			}
			var err error
			if headers1[n], err = w.v.headers(gctx, 1, w.g.from[n], uidsOf(w.src, at)); err != nil {
				return err
			}
		}
		return nil
	})
	both.Go(func() (err error) {
		var at []int32
		for _, i := range rows {
			if f := &w.rows[i]; f.d >= 0 && (f.s < 0 || f.look) {
				at = append(at, f.d)
			}
		}
		headers2, err = w.v.headers(gctx, 2, w.g.at, uidsOf(w.dst, at))
		return err
	})
	if err := both.Wait(); err != nil {
		return err
	}
	for _, i := range rows {
		f := &w.rows[i]
		var s, d []field
		hasS, hasD := false, false
		if f.s >= 0 {
			s, hasS = headers1[w.src[f.s].from][w.src[f.s].uid]
		}
		if f.d >= 0 {
			d, hasD = headers2[w.dst[f.d].uid]
		}
		w.word(f, s, d, hasS, hasD)
	}
	return nil
}

// word completes a row with what the headers say.
func (w *work) word(f *finding, s, d []field, hasS, hasD bool) {
	r := &f.row
	names := s
	if !hasS {
		names = d
	}
	r.MessageID, r.Subject = short(valueOf(names, "message-id")), short(valueOf(names, "subject"))
	if r.Mark == Missing && f.s >= 0 && !hasS && r.Counts {
		r.Counts, f.link, r.Reason, r.Remedy = false, false, "expunged on host1 meanwhile", ""
		return
	}
	if !f.look || !hasS || !hasD || w.v.changed() {
		return
	}
	more, less, other := difference(s, d)
	w.see(f, more, less, other)
	if f.form {
		unexplained := slices.DeleteFunc(slices.Concat(more, less, other), func(name string) bool { return w.v.ignored[name] })
		if len(unexplained) > 0 {
			r.Mark, r.Counts = Differs, true
			r.Remedy = "delete the copy on host2 and run again"
		}
	}
	if text := fieldWords(more, less, other); text != "" {
		r.Reason += ": " + text
	} else if f.form && w.src[f.s].text == w.dst[f.d].text {
		r.Reason += ": line ends, folding or encoding"
	} else if f.form {
		r.Reason += ": host2 writes X for bytes above 127"
	}
}

// fieldWords names the fields that differ.
func fieldWords(more, less, other []string) string {
	var parts []string
	for _, p := range []struct {
		names []string
		what  string
	}{{more, "only host2 has"}, {less, "only host1 has"}, {other, "another value of"}} {
		if n := len(p.names); n > 5 {
			parts = append(parts, fmt.Sprintf("%s %s and %d more", p.what, strings.Join(p.names[:5], ", "), n-5))
		} else if n > 0 {
			parts = append(parts, p.what+" "+strings.Join(p.names, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

func valueOf(fields []field, name string) string {
	for _, f := range fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// mostShown bounds a Message-Id or subject in a row, in bytes.
const mostShown = 200

func short(s string) string {
	if len(s) > mostShown {
		return s[:mostShown] + "..."
	}
	return s
}

// headers reads the headers of some messages of a folder.
func (v *verifier) headers(ctx context.Context, side int, folder string, uids []imap.UID) (map[imap.UID][]field, error) {
	out := make(map[imap.UID][]field, len(uids))
	if len(uids) == 0 || folder == "" {
		return out, nil
	}
	sink := &headerSink{}
	f, err := v.readers[side-1].Read(ctx, folder, uids, mailread.Want{Header: true}, sink, func(m *mailread.Message) error {
		out[m.UID] = fieldsOf(sink.header)
		return nil
	})
	if err != nil {
		return nil, &SideError{side, err}
	}
	for _, u := range f.Unread {
		out[u.UID] = nil // it is there
	}
	v.ownRead(side, folders.Text(folder), f.Own)
	return out, nil
}

// headerSink keeps a header.
type headerSink struct{ header []byte }

// Reset begins a message.
func (h *headerSink) Reset() { h.header = h.header[:0] }

// Write keeps up to maxHeader bytes.
func (h *headerSink) Write(p []byte) (int, error) {
	if room := maxHeader - len(h.header); room > 0 {
		h.header = append(h.header, p[:min(len(p), room)]...)
	}
	return len(p), nil
}
