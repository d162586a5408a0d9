package transfer

import (
	"bytes"
	"fmt"

	"github.com/imaphaul/imaphaul/internal/transform"
)

// noteCut notes that the user's options made less of a message's content: of the body,
// or with --truncmess of the header. msg has CRLF line ends.
func (c *Folder) noteCut(it *item, from, msg []byte) {
	before, after := len(from)+loneLFs(from), len(msg)
	header, body := splitMessage(from)
	_, newBody := splitMessage(msg)
	switch {
	case len(body)+loneLFs(body) > len(newBody):
		it.cut = fmt.Sprintf("the options given left %d of the %d bytes of its body", len(newBody), len(body))
	case c.run.Plan.Transform.TruncMess != nil && before > after:
		it.cut = fmt.Sprintf("--truncmess left %d bytes of its header of %d bytes", after, len(header))
	}
}

// loneLFs is how many bytes text grows by when its line ends become CRLF.
func loneLFs(text []byte) int { return int(transform.CountCRLF(text)) - len(text) }

// splitMessage parts a message at its first empty line, whatever its line ends.
func splitMessage(msg []byte) (header, body []byte) {
	for at := 0; at < len(msg); {
		n := bytes.IndexByte(msg[at:], '\n')
		if n < 0 {
			break
		}
		if line := msg[at : at+n]; len(line) == 0 || len(line) == 1 && line[0] == '\r' {
			return msg[:at+n+1], msg[at+n+1:]
		}
		at += n + 1
	}
	return msg, nil
}
