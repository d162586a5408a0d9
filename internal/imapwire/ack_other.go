//go:build !linux

package imapwire

import "syscall"

// ackAtOnce does nothing where the kernel offers no such thing.
func ackAtOnce(syscall.Conn) {}
