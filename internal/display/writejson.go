package display

import (
	"encoding/json"
	"io"
)

// WriteJSON writes a value as indented JSON with a line end, unsafe characters escaped
// (JSON). The error is that of w, or says that the value cannot be in JSON.
func WriteJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(JSON(text), '\n'))
	return err
}
