//go:build !linux

package imapconn

import (
	"net"
	"time"
)

// userTimeout does nothing: there is no such limit here.
func userTimeout(net.Conn, time.Duration) {}
