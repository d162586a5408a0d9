package property

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options is a command line as the invariants read it.
type options []string

func (o options) has(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(o, n) })
}

// value is what follows an option's last mention.
func (o options) value(name string) (string, bool) {
	for i := len(o) - 2; i >= 0; i-- {
		if o[i] == name {
			return o[i+1], true
		}
	}
	return "", false
}

func (o options) number(name string) (int, bool) {
	v, ok := o.value(name)
	n, err := strconv.Atoi(v)
	return n, ok && err == nil
}

// deletes1 tells whether an option deletes on host1.
func (o options) deletes1() bool { return o.has("--delete1", "--expunge1", "--delete1emptyfolders") }

// choosesFolders tells whether only some of host1's folders take part.
func (o options) choosesFolders() bool {
	return o.has("--folder", "--folderrec", "--exclude", "--include")
}

// withoutChoice are the options that map folders, without those that choose some.
func (o options) withoutChoice() []string {
	var out []string
	for i := 0; i < len(o); i++ {
		switch o[i] {
		case "--folder", "--folderrec", "--exclude", "--include":
			i++
		case "--automap":
			out = append(out, o[i])
		case "--f1f2", "--regextrans2", "--subfolder2":
			out = append(out, o[i], o[i+1])
			i++
		case "--nousecache":
			out = append(out, o[i])
		}
	}
	return out
}

// keyHeaders are the headers by which messages are recognised.
func (o options) keyHeaders() []string {
	headers := []string{"Message-Id", "Received"}
	if v, ok := o.value("--useheader"); ok {
		headers = []string{v}
	}
	if v, ok := o.value("--skipheader"); ok {
		headers = slices.DeleteFunc(headers, func(h string) bool { return strings.HasPrefix(h, strings.TrimPrefix(v, "^")) })
	}
	return headers
}

// key is what a message is recognised by, "" when it has no such header.
func (o options) key(body string) string {
	k := key([]byte(body), o.keyHeaders()...)
	if k != "" && o.has("--noskipsize") {
		k += fmt.Sprintf(" %d", len(body))
	}
	return k
}

// wants tells whether a host1 message is among those to be copied.
func (o options) wants(m *message, at time.Time) bool {
	age := int(time.Since(at).Hours() / 24)
	most, hasMost := o.number("--maxage")
	least, hasLeast := o.number("--minage")
	young, old := !hasMost || age <= most, !hasLeast || age >= least
	switch {
	case hasMost && hasLeast && most < least:
		if !young && !old {
			return false
		}
	case !young || !old:
		return false
	}
	if n, ok := o.number("--maxsize"); ok && len(m.body) > n {
		return false
	}
	if n, ok := o.number("--minsize"); ok && len(m.body) <= n {
		return false
	}
	search, given := o.value("--search1")
	if !given {
		search, _ = o.value("--search")
	}
	switch search {
	case "UNSEEN":
		if m.has(`\Seen`) {
			return false
		}
	case "FLAGGED":
		if !m.has(`\Flagged`) {
			return false
		}
	case "SEEN":
		if !m.has(`\Seen`) {
			return false
		}
	case "ANSWERED":
		if !m.has(`\Answered`) {
			return false
		}
	case "UNDELETED":
		if m.has(`\Deleted`) {
			return false
		}
	}
	// The header that --addheader adds names nothing where it does not count.
	named := o.has("--addheader") && slices.Contains(o.keyHeaders(), "Message-Id")
	if o.has("--useheader", "--skipheader") && !named && o.key(m.body) == "" {
		return false // left out, and said
	}
	return true
}

// sent is what becomes of a host1 message on its way.
func (o options) sent(body string) string {
	if n, ok := o.number("--truncmess"); ok && len(body) > n {
		return body[:n]
	}
	return body
}

// received is a host2 message without what the options add on the way.
func (o options) received(body string) string {
	if !o.has("--addheader") {
		return body
	}
	return strip(body)
}

// equal tells whether what host2 stores is what comes of a host1 message, or the
// whole of it.
func (o options) equal(stored, body string) bool {
	if strip(stored) == body || o.received(stored) == o.sent(body) {
		return true
	}
	// The id is added first, and what is cut then is longer by it.
	n, cuts := o.number("--truncmess")
	return cuts && o.has("--addheader") && len(stored) == n && strings.HasPrefix(body, strip(stored))
}

// strip takes off the Message-Id that --addheader puts in front of a message.
func strip(body string) string {
	if first, rest, ok := strings.Cut(body, "\r\n"); ok && strings.HasPrefix(strings.ToLower(first), "message-id:") && strings.Contains(first, "@imapsync>") {
		return rest
	}
	return body
}
