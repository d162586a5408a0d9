package imapconn

import (
	"fmt"
	"strings"
)

// harmless are the commands a sealed connection may send: those that cannot
// change a mailbox. What is not on the list does not leave.
var harmless = map[string]bool{
	"CAPABILITY": true, "NOOP": true, "LOGOUT": true, "ID": true,
	"STARTTLS": true, "LOGIN": true, "AUTHENTICATE": true, "PROXYAUTH": true,
	"X-MASTERAUTH": true, "X-SETUSER": true,
	"ENABLE": true, "COMPRESS": true, "NAMESPACE": true, "IDLE": true, "NOTIFY": true,
	"LIST": true, "LSUB": true, "XLIST": true, "STATUS": true,
	"EXAMINE": true, "UNSELECT": true,
	"UID SEARCH": true, "SEARCH": true, "UID FETCH": true,
	"GETQUOTAROOT": true, "GETQUOTA": true,
	"GETACL": true, "MYRIGHTS": true, "LISTRIGHTS": true, "GETMETADATA": true,
}

// Seal makes the connection read-only for the rest of its life: a command that
// could change anything returns ErrReadOnly before a byte is sent, and Select
// examines.
func (c *Conn) Seal() { c.sealed = true }

// PermitAppend lets a sealed connection store one message, in this mailbox: the
// next StartAppend there. It is used up by it, whatever becomes of it.
func (c *Conn) PermitAppend(mailbox string) { c.permit = mailbox }

// permitted reports whether an APPEND to the mailbox may pass the seal, once.
func (c *Conn) permitted(mailbox string) bool {
	if c.permit == "" || c.permit != mailbox {
		return false
	}
	c.permit = ""
	return true
}

// Sealed reports whether Seal was called.
func (c *Conn) Sealed() bool { return c.sealed }

// guard is the one check every command passes, see open.
func (c *Conn) guard(name string, args []Arg) error {
	if !validName(name) {
		return fmt.Errorf("%q is not the name of a command", name)
	}
	if !c.sealed {
		return nil
	}
	upper := strings.ToUpper(name)
	if !harmless[upper] {
		return fmt.Errorf("%s: %w", upper, ErrReadOnly)
	}
	if strings.HasSuffix(upper, "FETCH") {
		for _, a := range args {
			if r, ok := a.(Raw); ok && setsSeen(strings.ToUpper(string(r))) {
				return fmt.Errorf("%s without PEEK: %w", upper, ErrReadOnly)
			}
		}
	}
	return nil
}

// setsSeen reports whether FETCH items (upper case) may set \Seen.
func setsSeen(items string) bool {
	items = strings.NewReplacer(
		"BODY.PEEK[", "", "BINARY.PEEK[", "",
		"RFC822.SIZE", "", "RFC822.HEADER", "", "BINARY.SIZE[", "",
	).Replace(items)
	return strings.Contains(items, "BODY[") || strings.Contains(items, "BODY [") ||
		strings.Contains(items, "BINARY[") || strings.Contains(items, "RFC822")
}

// validName accepts words of letters, digits, dot and dash with one space
// between them: nothing that could smuggle in a second command.
func validName(name string) bool {
	for word := range strings.SplitSeq(name, " ") {
		if word == "" {
			return false
		}
		for _, r := range word {
			switch {
			case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '.':
			default:
				return false
			}
		}
	}
	return name != ""
}
