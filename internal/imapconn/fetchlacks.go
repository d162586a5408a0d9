package imapconn

import "slices"

// Lacks returns those of the items asked for that did not come with a message, or
// cannot be read. HeaderFields and Header count as one. What it returns can be asked
// for again; the zero value, but for UID, says that nothing is missing. The body is
// left out: see Fetch.Missing.
func (m *Message) Lacks(items FetchItems) FetchItems {
	less := FetchItems{
		UID:          true,
		Flags:        items.Flags && !m.HasFlags,
		InternalDate: items.InternalDate && !m.HasInternalDate,
		Size:         items.Size && !m.HasSize,
		GMLabels:     items.GMLabels && !m.HasGMLabels,
		GMMsgID:      items.GMMsgID && !m.HasGMMsgID,
	}
	if !m.HasHeader {
		less.HeaderFields, less.Header = items.HeaderFields, items.Header
	}
	return less
}

// Nothing reports whether nothing but the UID is asked for.
func (it *FetchItems) Nothing() bool {
	return !it.Flags && !it.InternalDate && !it.Size && !it.ModSeq && len(it.HeaderFields) == 0 && !it.Header && !it.Body && !it.GMLabels && !it.GMMsgID
}

// Clone makes a copy that outlives Next, but for the body.
func (m *Message) Clone() *Message {
	d := m.clone()
	d.Body = nil
	return d
}

// Add adds what another reply told of the same message; what it tells once more
// replaces what was known. The body is left out.
func (m *Message) Add(more *Message) {
	if more.HasFlags {
		m.Flags, m.HasFlags = slices.Clone(more.Flags), true
	}
	if more.HasInternalDate {
		m.InternalDate, m.HasInternalDate = more.InternalDate, true
	}
	if more.HasSize {
		m.Size, m.HasSize = more.Size, true
	}
	if more.HasModSeq {
		m.ModSeq, m.HasModSeq = more.ModSeq, true
	}
	if more.HasHeader {
		m.Header, m.HasHeader = slices.Clone(more.Header), true
	}
	if more.HasGMLabels {
		m.GMLabels, m.HasGMLabels = slices.Clone(more.GMLabels), true
	}
	if more.HasGMMsgID {
		m.GMMsgID, m.HasGMMsgID = more.GMMsgID, true
	}
}

// Again prepares another stream on the same connection, when this one is read to
// its end.
func (f *Fetch) Again(items FetchItems) *Fetch { return f.c.Fetch(items) }

// Items are what the stream asks for.
func (f *Fetch) Items() FetchItems { return f.items }
