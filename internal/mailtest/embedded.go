package mailtest

import (
	"testing"

	"github.com/imaphaul/imaphaul/internal/mailtest/embedded"
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
