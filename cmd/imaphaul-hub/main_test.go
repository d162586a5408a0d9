package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/imaphaul/imaphaul/internal/hub"
	"github.com/imaphaul/imaphaul/internal/hubserver"
)

func TestRefused(t *testing.T) {
	store, served := t.TempDir(), t.TempDir()
	s, err := hubserver.Start(hubserver.Options{Listen: "127.0.0.1:0", Store: served})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--store", store, "x"}, exitUsage, "no option"},
		{[]string{"--listen", "127.0.0.1:0"}, exitUsage, "--store"},
		{[]string{"--store", store, "--listen", "0.0.0.0:0"}, exitUsage, "no TLS"},
		{[]string{"--store", store, "--listen", ":0"}, exitUsage, "no TLS"},
		{[]string{"--store", store, "--listen", "0.0.0.0:0", "--tlscert", "c", "--tlskey", "k"}, exitUsage, "--tokenfile"},
		{[]string{"--store", store, "--listen", "4222"}, exitUsage, "host:port"},
		{[]string{"--store", store, "--tlscert", "c"}, exitUsage, "belong together"},
		{[]string{"--store", store, "--join", "h:1"}, exitUsage, "--clusterlisten"},
		{[]string{"--store", store, "--listen", "127.0.0.1:0", "--clusterlisten", "127.0.0.1:0"}, exitUsage, "--name"},
		{[]string{"--store", store, "--listen", "127.0.0.1:0", "--name", "a", "--clusterlisten", "0.0.0.0:0"}, exitUsage, "--tlsca"},
		{[]string{"--store", store, "--tokenfile", filepath.Join(store, "none")}, exitNoInput, "--tokenfile"},
		{[]string{"--store", store, "--nkey", "UNOKEY"}, exitUsage, "begins with U"},
		{[]string{"--store", served, "--listen", "127.0.0.1:0"}, exitUnavailable, "another hub"},
		{[]string{"--store", store, "--listen", s.Addr()}, exitUnavailable, "in use"},
	} {
		var out, err bytes.Buffer
		if code := run(c.args, &out, &err, nil); code != c.code || !strings.Contains(err.String(), c.want) {
			t.Errorf("%q: %d %s", c.args, code, err.String())
		}
	}
}

// TestServes: a hub with a token lets in who has it, and nobody else.
func TestServes(t *testing.T) {
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("canary-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	signals, code := make(chan os.Signal, 1), make(chan int)
	go func() {
		code <- run([]string{"--listen", "127.0.0.1:0", "--store", filepath.Join(dir, "store"), "--tokenfile", token}, w, os.Stderr, signals)
	}()
	line := make([]byte, 1000)
	n, err := r.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	url := "nats://" + strings.Fields(string(line[:n]))[4]
	if _, err := hub.Connect(t.Context(), hub.Options{URL: url}); err == nil {
		t.Error("it lets in anybody")
	}
	h, err := hub.Connect(t.Context(), hub.Options{URL: url, TokenFile: token, Replicas: 1})
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	signals <- syscall.SIGTERM
	if got := <-code; got != exitOK {
		t.Error(got)
	}
}
