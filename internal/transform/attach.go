package transform

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// boundaryFor is a MIME boundary that does not occur in the message: made of
// its digest, so that the same message always gives the same bytes.
func boundaryFor(msg []byte) string {
	sum := sha256.Sum256(msg)
	for {
		b := "=_" + hex.EncodeToString(sum[:16])
		if !bytes.Contains(msg, []byte(b)) {
			return b
		}
		sum = sha256.Sum256(sum[:])
	}
}

// writeBase64 adds msg in base64, in lines of 76 characters (RFC 2045 section
// 6.8), without the line end of the last one.
func writeBase64(out *bytes.Buffer, msg []byte) {
	const raw = 57 // bytes to a line
	for len(msg) > 0 {
		n := min(raw, len(msg))
		out.Write(base64.StdEncoding.AppendEncode(out.AvailableBuffer(), msg[:n]))
		msg = msg[n:]
		if len(msg) > 0 {
			out.WriteString("\r\n")
		}
	}
}
