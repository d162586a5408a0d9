package imapwire

import "syscall"

// Gate says whether bytes may leave. It is asked immediately before each of them is
// handed to the system, and again whenever the system takes more after a pause, so
// that a process which was stopped in between sends nothing of what it had begun. One
// that refuses closes the connection.
type Gate interface {
	// Check returns nil to let bytes pass, or why they may not.
	Check() error
}

// send writes p to the socket as far as the gate lets it.
func (c *rawConn) send(p []byte) (int, error) {
	if c.gate == nil {
		return c.Conn.Write(p)
	}
	n, err := 0, c.gate.Check()
	if err == nil {
		if s, ok := c.Conn.(syscall.Conn); ok {
			n, err = gatedWrite(s, c.gate, p)
		} else {
			n, err = c.Conn.Write(p)
		}
	}
	if c.gate.Check() != nil {
		// What the system has not sent yet is dropped with the connection.
		_ = c.Conn.Close()
	}
	return n, err
}
