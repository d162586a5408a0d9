package cutover

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// History is which MX earlier calls saw, and when: only that tells how long resolvers
// may know those from before a change. It is kept in a file.
type History struct {
	path string
	mu   sync.Mutex
	// domains by name, each with what was seen of it, the oldest first.
	domains map[string][]Sight
}

// Sight is one set of MX and the time in which it was seen.
type Sight struct {
	Hosts []string `json:"hosts"`
	// TTL is the zone's, or the longest that was seen where only a resolver told it; in
	// seconds.
	TTL   int       `json:"ttl"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// maxSights bounds what is kept of a domain, maxHistory a file that is read.
const (
	maxSights  = 20
	maxHistory = 64 << 20
)

// OpenHistory reads the file; one that is not there is empty. A file that cannot be
// read is an error, and so that it is not lost it is not overwritten.
func OpenHistory(path string) (*History, error) {
	h := &History{path: path, domains: map[string][]Sight{}}
	if info, err := os.Stat(path); err == nil && info.Size() > maxHistory {
		return nil, fmt.Errorf("%q is too large for what earlier calls saw: move it away", path)
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return h, nil
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(text, &h.domains); err != nil {
		return nil, fmt.Errorf("%q cannot be understood: %w (move it away: what earlier calls saw of the MX is then not known)", path, err)
	}
	return h, nil
}

// see enters what is seen now. exact: the TTL is the zone's, and not what is left of
// it in a resolver.
func (h *History) see(domain string, hosts []string, ttl time.Duration, exact bool, now time.Time) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.domains[domain]
	n := int(ttl / time.Second)
	hosts = slices.Sorted(slices.Values(hosts))
	if len(list) > 0 {
		last := &list[len(list)-1]
		if slices.Equal(last.Hosts, hosts) && (!exact || last.TTL == n) {
			last.Last, last.TTL = now, max(last.TTL, n)
			return
		}
	}
	list = append(list, Sight{hosts, n, now, now})
	h.domains[domain] = list[max(0, len(list)-maxSights):]
}

// old is what resolvers may still know although it is not so any more.
type old struct {
	hosts   []string
	changed time.Time // when it was seen changed
	ttl     time.Duration
	until   time.Time
}

// before is, of all that was seen before the MX of now, what resolvers may know the
// longest; false when nothing else ever was. A set of MX with another TTL counts as one
// of its own: what was fetched before a TTL was lowered is kept for the longer time.
func (h *History) before(domain string, now []string) (old, bool) {
	var o old
	if h == nil {
		return o, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now = slices.Sorted(slices.Values(now))
	list := h.domains[domain]
	for i := range max(0, len(list)-1) {
		s, changed := &list[i], list[i+1].First
		if slices.Equal(s.Hosts, now) {
			continue
		}
		ttl := time.Duration(s.TTL) * time.Second
		if until := changed.Add(ttl); until.After(o.until) {
			o = old{s.Hosts, changed, ttl, until}
		}
	}
	return o, !o.until.IsZero()
}

// since is when the MX of now were seen first.
func (h *History) since(domain string) (time.Time, bool) {
	if h == nil {
		return time.Time{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.domains[domain]
	if len(list) == 0 {
		return time.Time{}, false
	}
	first := list[len(list)-1]
	for _, s := range slices.Backward(list) {
		if !slices.Equal(s.Hosts, first.Hosts) {
			break
		}
		first = s
	}
	return first.First, true
}

// keptFor is until when resolvers may know the MX of now, or any that were before, if those
// of now were changed at a moment: a TTL that was lowered counts as long as it was, also
// where only a resolver told it, and so do MX that some of those of now have replaced.
func (h *History) keptFor(domain string, at time.Time, ttl time.Duration) time.Time {
	until := at.Add(ttl)
	if h == nil {
		return until
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.domains[domain]
	for i, s := range list {
		changed := at
		if i+1 < len(list) {
			changed = list[i+1].First
		}
		if u := changed.Add(time.Duration(s.TTL) * time.Second); u.After(until) {
			until = u
		}
	}
	return until
}

// Save writes the file, whole or not at all. Only its owner can read it.
func (h *History) Save() error {
	h.mu.Lock()
	text, err := json.MarshalIndent(h.domains, "", "  ")
	h.mu.Unlock()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(h.path), ".cutover-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(tmp.Name(), h.path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the reason is err
	}
	return err
}
