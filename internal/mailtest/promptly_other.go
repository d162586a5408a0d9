//go:build !linux

package mailtest

import "net"

// promptly is a connection whose bytes are acknowledged at once, where the system
// can be told so.
type promptly struct{ net.Conn }
