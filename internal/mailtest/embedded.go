package mailtest

import (
	"context"
	"net"
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
	"github.com/imaphaul/imaphaul/internal/mailtest/memnet"
)

// StartEmbedded starts the server of the package embedded for one test.
func StartEmbedded(t testing.TB, o embedded.Options) *Server {
	t.Helper()
	inner, err := embedded.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inner.Close)
	return &Server{
		Kind:      Embedded,
		Host:      inner.Host,
		Port:      inner.Port,
		TLSPort:   inner.TLSPort,
		Separator: "/",
		addUser:   inner.AddUser,
	}
}

// StartInMemory starts the embedded server on a network inside the process, for tests
// in a bubble of testing/synctest: it has no port. The function opens connections.
// Close is for the end of the bubble.
func StartInMemory(t testing.TB, o embedded.Options) (s *Server, dial func(context.Context) (net.Conn, error), closeServer func()) {
	t.Helper()
	l := memnet.Listen()
	o.Listener = l
	inner, err := embedded.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	s = &Server{Kind: Embedded, Host: inner.Host, Port: 143, Separator: "/", addUser: inner.AddUser, dial: l.Dial}
	return s, l.Dial, inner.Close
}
