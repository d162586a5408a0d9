package mailtest

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/unsound"
)

// StartUnsound starts the server of the package unsound for one test. sound shows
// the same accounts as they are; users are made on one of the two.
func StartUnsound(t testing.TB, f unsound.Faults) (s *unsound.Server, faulty, sound *Server) {
	t.Helper()
	inner, err := unsound.Start(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inner.Close)
	side := func(port int) *Server {
		return &Server{Kind: Embedded, Host: inner.Sound.Host, Port: port, Separator: "/", addUser: inner.AddUser}
	}
	return inner, side(inner.Port()), side(inner.Sound.Port)
}
