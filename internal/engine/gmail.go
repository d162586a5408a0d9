package engine

import (
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/event"
)

// gmailFolder is what only Gmail tells of the messages of a folder: the labels on each
// side, and the numbers of host1's.
type gmailFolder struct {
	labels  [2]map[imap.UID][]string
	numbers map[imap.UID]string
}

// gmailRun is what a run knows of Gmail's messages.
type gmailRun struct {
	// unique are the numbers of messages that the sizes table has seen.
	unique      map[string]struct{}
	uniqueBytes int64
	// all is host1's folder of all mail that gives only what lies nowhere else, labelled
	// the labels of folders that are carried over; nil: see allMail.
	all      string
	labelled map[string]bool
	// all2 and labelled2 are the same of host2's folders that are filled: see inOthers2.
	all2      string
	labelled2 map[string]bool
}

// byNumber reports whether messages of host1 are known by Gmail's number: then
// every listing asks for it. With labels carried over as labels, each message is
// in one folder anyway.
func (r *run) byNumber() bool { return r.src != nil && r.src.HasLabels && !r.labels() }

// tellUnique says how much of what Gmail lists has to be moved.
func (r *run) tellUnique(listed, unique event.Size) {
	r.note(fmt.Sprintf("Host1: %d messages, %d bytes are listed; they are %d different messages, %d bytes, since Gmail lists a message once for each label. Each body is moved once.",
		listed.Messages, listed.Bytes, unique.Messages, unique.Bytes))
}

// countUnique counts a listed message unless it was counted under another label.
// A lost connection makes a folder be counted again, which changes nothing.
func (r *run) countUnique(number string, size int64) {
	if r.gmail.unique == nil {
		r.gmail.unique = make(map[string]struct{})
	}
	if _, seen := r.gmail.unique[number]; !seen {
		r.gmail.unique[number] = struct{}{}
		r.gmail.uniqueBytes += size
	}
}
