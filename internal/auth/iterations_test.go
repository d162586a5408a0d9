package auth

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"

	"github.com/imaphaul/imaphaul/internal/secret"
)

// firstMessage is what a server answers to the client's first message.
func firstMessage(t *testing.T, first []byte, iterations string) []byte {
	t.Helper()
	_, nonce, ok := strings.Cut(string(first), "r=")
	if !ok {
		t.Fatalf("no nonce in %q", first)
	}
	return []byte("r=" + nonce + "more,s=YWJjZGVmZ2g=,i=" + iterations)
}

func TestIterationsAreBounded(t *testing.T) {
	for _, mech := range []string{ScramSHA1, ScramSHA256} {
		for _, n := range []string{"2000001", "2000000000", "+2000000000", "99999999999999999999999"} {
			c, err := New(mech, Params{User: "user", Password: secret.New("pencil")})
			if err != nil {
				t.Fatal(err)
			}
			_, first, err := c.Start()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Next(firstMessage(t, first, n)); err == nil || !strings.Contains(err.Error(), "iterations") {
				t.Errorf("%s i=%s: %v", mech, n, err)
			}
		}
	}
}

// TestInterrupted stops a computation that has begun. It needs no clock: that it
// comes back with this error shows that its result was thrown away, and the
// benchmark what that costs.
func TestInterrupted(t *testing.T) {
	done := make(chan struct{})
	c, err := New(ScramSHA256, Params{User: "user", Password: secret.New("pencil"), Done: done})
	if err != nil {
		t.Fatal(err)
	}
	_, first, err := c.Start()
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, func() { close(done) })
	if _, err := c.Next(firstMessage(t, first, "2000000")); !errors.Is(err, ErrInterrupted) {
		t.Errorf("got %v", err)
	}
}

// TestStoppableHashIsTheHash: until it is stopped, it gives the same keys.
func TestStoppableHashIsTheHash(t *testing.T) {
	hash := scram.SHA256
	plain, err := hash.NewClient("user", "pencil", "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := newScram(ScramSHA256, Params{User: "user", Password: secret.New("pencil"), Done: make(chan struct{})})
	if err != nil {
		t.Fatal(err)
	}
	k := scram.KeyFactors{Salt: "abcdefgh", Iters: 4096}
	a, err1 := plain.GetStoredCredentialsWithError(k)
	b, err2 := c.client.GetStoredCredentialsWithError(k)
	if err1 != nil || err2 != nil || string(a.StoredKey) != string(b.StoredKey) {
		t.Errorf("other keys: %v %v", err1, err2)
	}
}

func BenchmarkMostIterations(b *testing.B) {
	for b.Loop() {
		c, err := New(ScramSHA256, Params{User: "user", Password: secret.New("pencil"), Done: make(chan struct{})})
		if err != nil {
			b.Fatal(err)
		}
		_, first, _ := c.Start()
		_, nonce, _ := strings.Cut(string(first), "r=")
		if _, err := c.Next([]byte("r=" + nonce + "more,s=YWJjZGVmZ2g=,i=2000000")); err != nil {
			b.Fatal(err)
		}
	}
}
