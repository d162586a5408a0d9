package transform

// disarmReceipts renames each Disposition-Notification-To field of the header
// to X-Disposition-Notification-To, so that no reader asks to confirm old mail
// (RFC 8098). The name's case and the folded lines stay. msg itself is not
// changed; without such a field it is returned as it is.
func disarmReceipts(msg []byte) []byte {
	header, body := SplitHeader(msg)
	var out []byte
	done := 0
	at := 0
	for f := range fields(header) {
		if f.is("Disposition-Notification-To") {
			if out == nil {
				out = make([]byte, 0, len(msg)+16)
			}
			out = append(out, header[done:at]...)
			out = append(out, "X-"...)
			done = at
		}
		at += len(f.text)
	}
	if out == nil {
		return msg
	}
	out = append(out, header[done:]...)
	return append(out, body...)
}
