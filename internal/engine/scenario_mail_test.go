package engine_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// madeMail is a described message in full.
type madeMail struct {
	body []byte
	date time.Time // INTERNALDATE where a state says nothing else
}

// mailsOnce keeps the messages of a scenario by all that they are made of: a play
// asks for them again and again, and under the race detector bytes are dear. Nobody
// changes a body.
type mailsOnce struct{ made sync.Map }

// makeMails makes the messages of a scenario by label. expand resolves what
// begins with @, "@uid1(INBOX,a)" for example.
func (o *mailsOnce) makeMails(specs []mailSpec, now time.Time, expand func(string) (string, error)) (map[string]madeMail, error) {
	out := make(map[string]madeMail)
	keys := make(map[string]string)
	for i, spec := range specs {
		spec.attrs = slices.Clone(spec.attrs)
		for a := range spec.attrs {
			var err error
			if spec.attrs[a][1], err = expand(spec.attrs[a][1]); err != nil {
				return nil, fmt.Errorf("mail %s: %w", spec.label, err)
			}
		}
		key := fmt.Sprintf("%d %d %q %q", i, now.Unix(), keys[spec.like], spec.attrs)
		m, ok := o.made.Load(key)
		if !ok {
			made, err := makeMail(spec, i, now, out)
			if err != nil {
				return nil, fmt.Errorf("mail %s: %w", spec.label, err)
			}
			m, _ = o.made.LoadOrStore(key, made)
		}
		out[spec.label], keys[spec.label] = m.(madeMail), key
	}
	return out, nil
}

func makeMail(spec mailSpec, i int, now time.Time, known map[string]madeMail) (madeMail, error) {
	m := madeMail{date: time.Date(2024, 1, 1+i, 10, 0, 0, 0, time.UTC)}
	if spec.like != "" {
		m = known[spec.like]
		if m.body == nil {
			return m, fmt.Errorf("like an unknown mail %q", spec.like)
		}
	}
	id, subject, body, raw, prefix, suffix := spec.label+"@example.org", spec.label, "This is "+spec.label+".\r\n", "", "", ""
	var heads, received []string
	size, trunc := 0, 0
	sent := ""
	for _, a := range spec.attrs {
		v := a[1]
		var err error
		switch a[0] {
		case "id":
			id = v
		case "subject":
			subject = v
		case "head":
			heads = append(heads, v)
		case "received":
			received = append(received, v)
		case "body":
			body = v
		case "raw":
			raw = v
		case "prefix":
			prefix = v
		case "suffix":
			suffix = v
		case "sent":
			sent = v
		case "date":
			if m.date, err = when(v, now); err != nil {
				return m, err
			}
		case "size":
			if size, err = strconv.Atoi(v); err != nil {
				return m, err
			}
		case "trunc":
			if trunc, err = strconv.Atoi(v); err != nil {
				return m, err
			}
		}
	}
	switch {
	case raw != "":
		m.body = []byte(raw)
	case spec.like != "":
		m.body = []byte(prefix + string(m.body) + suffix)
	default:
		if sent == "" {
			heads = append(heads, "Date: "+m.date.Format(time.RFC1123Z))
		} else if sent != "none" {
			if t, err := when(sent, now); err == nil {
				sent = t.Format(time.RFC1123Z)
			}
			heads = append(heads, "Date: "+sent)
		}
		var b bytes.Buffer
		b.Grow(len(prefix) + max(size, bytes.MinRead) + len(suffix))
		b.WriteString(prefix)
		for _, r := range received {
			b.WriteString("Received: " + r + "\r\n")
		}
		b.WriteString("From: sender@example.org\r\nTo: rcpt@example.org\r\nSubject: " + subject + "\r\n")
		switch id {
		case "none":
		case "empty":
			b.WriteString("Message-Id: \r\n")
		default:
			b.WriteString("Message-Id: <" + id + ">\r\n")
		}
		for _, h := range heads {
			b.WriteString(h + "\r\n")
		}
		b.WriteString("\r\n" + body)
		if size > 0 {
			if err := pad(&b, len(prefix)+size); err != nil {
				return m, err
			}
		}
		b.WriteString(suffix)
		m.body = b.Bytes()
	}
	if trunc > 0 {
		m.body = m.body[:trunc]
	}
	return m, nil
}

// pad brings a message to a size with lines of at most 70 bytes.
func pad(b *bytes.Buffer, size int) error {
	left := size - b.Len()
	if left < 0 || left == 1 {
		return fmt.Errorf("it is %d bytes long already, not %d", b.Len(), size)
	}
	for left > 0 {
		if left > len(manyLines)+1 {
			b.WriteString(manyLines)
			left -= len(manyLines)
			continue
		}
		n := min(left, 72)
		if left-n == 1 {
			n--
		}
		b.WriteString(strings.Repeat("x", n-2) + "\r\n")
		left -= n
	}
	return nil
}

// manyLines are written at once: under the race detector each line is dear.
var manyLines = strings.Repeat(strings.Repeat("x", 70)+"\r\n", 200)
