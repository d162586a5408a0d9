package provider

import (
	"regexp"
	"sync"

	"github.com/imaphaul/imaphaul/internal/folders"
)

var (
	itemFolder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(exchangeItems.Value) })
	noMessage  = regexp.MustCompile(`(?i)could not be converted|cannot be converted`)
)

// HoldsItems reports whether a folder, by its name as text, is one in which a server
// of a family keeps calendars, contacts or tasks. Their items are no mail, and such a
// server may refuse to give them as messages.
func HoldsItems(family folders.Family, name string) bool {
	return family == folders.Exchange && itemFolder().MatchString(name)
}

// NoMessage reports whether a refusal says that an item has no form as a message.
func NoMessage(text string) bool { return noMessage.MatchString(text) }
