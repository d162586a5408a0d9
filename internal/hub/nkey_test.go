package hub

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nkeys"

	"github.com/imaphaul/imaphaul/internal/hubserver"
)

// A hub with nkeys lets in who holds the seed of one, and nobody else.
func TestNkeys(t *testing.T) {
	t.Parallel()
	pair := func(name string) (public, file string) {
		k, err := nkeys.CreateUser()
		if err != nil {
			t.Fatal(err)
		}
		seed, err := k.Seed()
		if err != nil {
			t.Fatal(err)
		}
		if public, err = k.PublicKey(); err != nil {
			t.Fatal(err)
		}
		file = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, append(seed, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
		return public, file
	}
	public, seed := pair("seed")
	_, stranger := pair("stranger")
	s, err := hubserver.Start(hubserver.Options{Listen: "127.0.0.1:0", Store: t.TempDir(), NKeys: []string{public}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, file := range []string{"", stranger} {
		if h, err := Connect(t.Context(), Options{URL: s.URL(), NKeyFile: file, Replicas: 1}); err == nil {
			h.Close()
			t.Errorf("it lets in who shows %q", file)
		}
		// A worker that is to end when nothing is left must not wait for ever here.
		if h, err := Connect(t.Context(), Options{URL: s.URL(), NKeyFile: file, Patient: true, RefusedEnds: true, Replicas: 1}); err == nil {
			h.Close()
			t.Errorf("it lets in who shows %q and is patient", file)
		}
	}
	h, err := Connect(t.Context(), Options{URL: s.URL(), NKeyFile: seed, Replicas: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	load(t, h, row(1), LoadOptions{}, Added)
}
