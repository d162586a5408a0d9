package played

import (
	"flag"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/emersion/go-imap/v2"

	"github.com/imaphaul/imaphaul/internal/mailtest/models"
)

type imapFlag = imap.Flag

// only plays one model.
var only = flag.String("model", "", "play only the model of this name")

// full is "make providers": everything, with 3,000 messages.
func full() bool { return os.Getenv("IMAPHAUL_PROVIDERS") != "" }

// large are the models that are played in every ordinary test run, in both ways.
func large(m *models.Model) bool {
	return m.Labels || m.Name == "office365" || m.Name == "exchange" || m.Name == "yahoo" || m.Name == "cpanel"
}

// messages is how large an account is: 3,000 in "make providers".
func messages(m *models.Model, language string) int {
	switch {
	case full():
		return 3000
	case language == "en" && (m.Labels || m.Name == "office365" || m.Name == "yahoo"):
		return 100
	}
	return 30 // enough for every kind of folder
}

// same maps the folders of one side to those of the other by their names alone.
func same(from, to *side) func(string) string {
	return func(name string) string {
		if name == "INBOX" {
			return name
		}
		name = strings.TrimPrefix(name, from.model.Prefix)
		return to.model.Prefix + strings.ReplaceAll(name, from.model.Sep, to.model.Sep)
	}
}

// Each model is the source and the destination of an ordinary account, without any
// option: every message is there once, in its folder, with its date and with the flags
// that host2 keeps; a second run copies nothing; no limit is crossed.
func TestWithoutOptions(t *testing.T) {
	for _, m := range models.All() {
		if *only != "" && m.Name != *only || !large(m) && !full() {
			continue
		}
		t.Run(m.Name+" as source", func(t *testing.T) {
			cache := inMemory(t)
			synctest.Test(t, func(t *testing.T) {
				from, to := start(t, m, "en"), start(t, models.Ordinary(), "en")
				from.fill(t, messages(m, "en"))
				settle(t, from, to, want(from, to, same(from, to), nil), "--cachedir", cache)
			})
		})
		t.Run(m.Name+" as destination", func(t *testing.T) {
			cache := inMemory(t)
			synctest.Test(t, func(t *testing.T) {
				from, to := start(t, models.Ordinary(), "en"), start(t, m, "en")
				from.fill(t, messages(m, "en"))
				settle(t, from, to, want(from, to, same(from, to), nil), "--cachedir", cache)
			})
		})
	}
}
