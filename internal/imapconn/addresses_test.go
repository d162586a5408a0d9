package imapconn

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

func TestDeadAddressesAreNamed(t *testing.T) {
	var a addresses
	for _, s := range []string{"192.0.2.1:993", "192.0.2.2:993", "192.0.2.1:993", "[2001:db8::1]:993"} {
		a.add(s)
	}
	err := a.name(syscall.ECONNREFUSED)
	for _, s := range a.all {
		if strings.Count(err.Error(), s) != 1 {
			t.Errorf("%v does not name %s once", err, s)
		}
	}
	if !errors.Is(err, syscall.ECONNREFUSED) || a.name(nil) != nil {
		t.Error(err)
	}
	one := addresses{all: []string{"192.0.2.1:993"}}
	if err := one.name(syscall.ECONNREFUSED); !errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), "192") {
		t.Error(err)
	}
}
