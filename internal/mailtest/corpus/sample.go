package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/testdata/mail"
)

// manifest is the form of testdata/mail/manifest.json.
type manifest struct {
	Folders []struct {
		Path         []string `json:"path"`
		Unsubscribed bool     `json:"unsubscribed"`
		Messages     []struct {
			File  string      `json:"file"`
			Flags []imap.Flag `json:"flags"`
			Date  time.Time   `json:"date"`
		} `json:"messages"`
	} `json:"folders"`
}

// Sample returns the small mailbox of testdata/mail: nested and non-ASCII
// folders, attachments, every flag, dates of many years. The files have LF
// line ends; the returned bodies have CRLF.
func Sample() (Mailbox, error) {
	text, err := mail.Files.ReadFile("manifest.json")
	if err != nil {
		return Mailbox{}, fmt.Errorf("sample mailbox: %w", err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Mailbox{}, fmt.Errorf("sample mailbox: manifest.json: %w", err)
	}
	var box Mailbox
	for _, f := range m.Folders {
		folder := Folder{Path: f.Path, Unsubscribed: f.Unsubscribed}
		for _, entry := range f.Messages {
			body, err := mail.Files.ReadFile(entry.File)
			if err != nil {
				return Mailbox{}, fmt.Errorf("sample mailbox: %w", err)
			}
			folder.Messages = append(folder.Messages, Message{
				Body:  bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n")),
				Flags: entry.Flags,
				Date:  entry.Date,
			})
		}
		box.Folders = append(box.Folders, folder)
	}
	return box, nil
}
