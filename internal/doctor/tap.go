package doctor

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// tap reads along with the resolver of the standard library, which does not tell how
// long an answer may be kept.
type tap struct {
	to func(ctx context.Context, network, address string) (net.Conn, error)

	mu   sync.Mutex
	ttls map[tapped]uint32
}

// tapped is a question.
type tapped struct{ name, kind string }

// maxTapped bounds the questions that are remembered, and the bytes of an answer.
const (
	maxTapped = 1000
	maxAnswer = 1 << 16
)

func newTap(dial func(ctx context.Context, network, address string) (net.Conn, error)) *tap {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return &tap{to: dial, ttls: make(map[tapped]uint32)}
}

// dial is net.Resolver.Dial.
func (t *tap) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := t.to(ctx, network, address)
	if err != nil {
		return nil, err
	}
	switch c := c.(type) {
	case *net.UDPConn:
		return &datagrams{UDPConn: c, t: t}, nil
	case *net.TCPConn:
		return &stream{TCPConn: c, t: t}, nil
	}
	return c, nil
}

// ttl is how long the answer to a question may be kept, nil when that is not known.
func (t *tap) ttl(name, kind string) *uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.ttls[tapped{strings.ToLower(strings.TrimSuffix(name, ".")), kind}]
	if !ok {
		return nil
	}
	return &v
}

// read takes the shortest time of an answer; a chain of aliases holds as long as its
// shortest link.
func (t *tap) read(packet []byte) {
	var p dnsmessage.Parser
	h, err := p.Start(packet)
	if err != nil || !h.Response {
		return
	}
	questions, err := p.AllQuestions()
	if err != nil || len(questions) != 1 {
		return
	}
	least, found := uint32(0), false
	for {
		r, err := p.AnswerHeader()
		if err != nil {
			break
		}
		if !found || r.TTL < least {
			least, found = r.TTL, true
		}
		if p.SkipAnswer() != nil {
			break
		}
	}
	if !found {
		return
	}
	q := questions[0]
	kind := strings.TrimPrefix(q.Type.String(), "Type")
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ttls) < maxTapped {
		t.ttls[tapped{strings.ToLower(strings.TrimSuffix(q.Name.String(), ".")), kind}] = least
	}
}

// datagrams are answers over UDP: one with each Read.
type datagrams struct {
	*net.UDPConn
	t *tap
}

func (d *datagrams) Read(b []byte) (int, error) {
	n, err := d.UDPConn.Read(b)
	if err == nil {
		d.t.read(b[:n])
	}
	return n, err
}

// stream are answers over TCP, with their length before them.
type stream struct {
	*net.TCPConn
	t    *tap
	kept []byte
}

func (s *stream) Read(b []byte) (int, error) {
	n, err := s.TCPConn.Read(b)
	if len(s.kept)+n <= 2+maxAnswer {
		s.kept = append(s.kept, b[:n]...)
	}
	if len(s.kept) > 2 {
		if length := int(binary.BigEndian.Uint16(s.kept)); len(s.kept) >= 2+length {
			s.t.read(s.kept[2 : 2+length])
			s.kept = nil
		}
	}
	return n, err
}
