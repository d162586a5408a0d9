package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/imapconn"
)

// What is not where the run stored it was deleted on host2, or moved: then it is there
// still, and was not taken back. Its source tells its Message-Id, which the folders of host2
// are searched for.

const (
	// seekAtOnce is how many Message-Ids one SEARCH asks for.
	seekAtOnce = 20
	// seekMost bounds the SEARCH commands of an undo.
	seekMost = 2000
	// longestID bounds a Message-Id that is searched for, in bytes.
	longestID = 250
)

// sought are messages that are searched for, by Message-Id.
type sought map[string][]soughtMessage

type soughtMessage struct {
	w     *undoing
	found bool
	// marked is a folder in which it has the mark \Deleted.
	marked string
}

// seek finds out what became of messages that are not where the run stored them.
func (u *undo) seek(ctx context.Context) error {
	ids := make(sought)
	for _, w := range u.works {
		if len(w.lost) == 0 {
			continue
		}
		if err := w.identify(ctx, ids); err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return nil
	}
	all, sure := make([]string, 0, len(ids)), true
	for id := range ids {
		all = append(all, id)
	}
	slices.Sort(all)
	folders := u.run.dst.world.Folders
	if (len(all)+seekAtOnce-1)/seekAtOnce*len(folders) > seekMost {
		folders, sure = nil, false
	}
	for _, f := range folders {
		if !f.Selectable() {
			continue
		}
		if u.run.stopping() {
			return errStopped
		}
		ok, err := u.seekIn(ctx, f.Name, all, ids)
		if err != nil {
			return err
		}
		sure = sure && ok
	}
	for _, ms := range ids {
		for _, m := range ms {
			switch {
			case m.marked != "":
				m.w.Stay[fmt.Sprintf(staysMarked, folderName(m.marked).Text)]++
			case m.found:
				m.w.Stay[staysMoved]++
			case sure:
				m.w.Gone++
			default:
				m.w.Stay[staysLost]++
			}
		}
	}
	return nil
}

// identify finds the Message-Ids of what was lost in a folder. What has none stays unknown.
func (w *undoing) identify(ctx context.Context, ids sought) error {
	one, _ := w.f.Folder.Names()
	src := w.u.run.main.src
	known := make(map[imap.UID]string)
	opened, err := src.Open(ctx, one, false)
	if err == nil && opened.UIDValidity == w.f.UIDValidity1 {
		err = src.read(ctx, uidsOf(w.lost, 1), imapconn.FetchItems{UID: true, HeaderFields: []string{"Message-Id"}}, func(m *imapconn.Message) error {
			if id, ok := searchableID(m.Header); ok {
				known[m.UID] = id
			}
			return nil
		})
	}
	if err := notEnding(err); err != nil {
		return err
	}
	for _, s := range w.lost {
		id, ok := known[s.UID1]
		if !ok {
			w.Stay[staysLost]++
			continue
		}
		ids[id] = append(ids[id], soughtMessage{w: w})
	}
	return nil
}

// searchableID is the Message-Id of a header, if it can be searched for as it is.
func searchableID(header []byte) (string, bool) {
	_, id, ok := strings.Cut(string(header), ":")
	id = strings.TrimSpace(id)
	odd := strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
	return id, ok && id != "" && len(id) <= longestID && !odd
}

// seekIn searches a folder of host2. It returns false where it could not.
func (u *undo) seekIn(ctx context.Context, name string, all []string, ids sought) (bool, error) {
	dst := u.run.main.dst
	opened, err := dst.Open(ctx, name, false)
	if err != nil {
		return false, notEnding(err)
	}
	if opened.Exists == 0 {
		return true, nil
	}
	var hits []imap.UID
	for part := range slices.Chunk(all, seekAtOnce) {
		err := dst.Do(ctx, func(c *imapconn.Conn) error {
			uids, err := c.UIDSearch(ctx, anyOf(part))
			hits = append(hits, uids...)
			return err
		})
		if err != nil {
			return false, notEnding(err)
		}
	}
	if len(hits) == 0 {
		return true, nil
	}
	c, err := u.run.claimsOn(ctx, name, opened.UIDValidity, func(string) bool { return false })
	if err != nil {
		return false, err
	}
	hits = slices.DeleteFunc(hits, func(uid imap.UID) bool { return c.foreign[uid] }) // the copy of another message
	slices.Sort(hits)
	err = dst.read(ctx, slices.Compact(hits), imapconn.FetchItems{UID: true, Flags: true, HeaderFields: []string{"Message-Id"}}, func(m *imapconn.Message) error {
		marked := m.HasFlags && slices.ContainsFunc(m.Flags, isDeleted)
		id, _ := searchableID(m.Header)
		for i := range ids[id] {
			ids[id][i].found = true
			if marked {
				ids[id][i].marked = name
			}
		}
		return nil
	})
	return err == nil, notEnding(err)
}

// anyOf is the search for messages that have one of some Message-Ids (RFC 3501 section
// 6.4.4): searchableID lets none through that had to be quoted.
func anyOf(ids []string) string {
	var b strings.Builder
	for i, id := range ids {
		if i < len(ids)-1 {
			b.WriteString("OR ")
		}
		_, _ = fmt.Fprintf(&b, "HEADER Message-Id %q ", id)
	}
	return strings.TrimSpace(b.String())
}
