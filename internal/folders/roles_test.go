package folders

import (
	"strings"
	"testing"
)

func TestDictionary(t *testing.T) {
	d, err := readDictionary(rolesTSV)
	if err != nil {
		t.Fatal(err)
	}
	for raw, role := range tableNames {
		if got := d[foldRole(Decode(raw))]; got != "" && got != role {
			t.Errorf("%q is %s in the dictionary and %s in imapsync's table", Text(raw), got, role)
		}
	}
	langs := map[string]map[string]bool{}
	for _, line := range strings.Split(rolesTSV, "\n") {
		if col := strings.Split(line, "\t"); len(col) == 3 {
			if langs[col[0]] == nil {
				langs[col[0]] = map[string]bool{}
			}
			if langs[col[0]][col[1]] {
				t.Errorf("%s has two lines for %s", col[0], col[1])
			}
			langs[col[0]][col[1]] = true
		}
	}
	for _, role := range []string{"Sent", "Drafts", "Trash", "Junk", "Archive"} {
		for lang := range langs["Sent"] {
			if !langs[role][lang] {
				t.Errorf("%s has no name for %s", lang, role)
			}
		}
		if n := len(langs[role]); n < 60 || n != len(langs["Sent"]) {
			t.Errorf("%s: %d languages of %d", role, n, len(langs["Sent"]))
		}
	}
	for _, own := range []string{"Inbox", "Outbox", "Work", "Project", "Concept", "Files", "Calendar", "Contacts", "Notes", "Postausgang",
		"Archivos", "Arquivos", "Plantillas", "Vorlagen", "Исходящие", "Вихідні", "البريد الصادر", "กล่องขาออก", "Mandats", "Kassette"} {
		if r := d[foldRole(own)]; r != "" {
			t.Errorf("%q is %s", own, r)
		}
	}
}

func TestReadDictionaryErrors(t *testing.T) {
	for _, c := range [][2]string{
		{"Sent\ten", "2 columns"},
		{"Outbox\ten\tOutbox", `no role "Outbox"`},
		{"Sent\ten\tSent||x", "empty name"},
		{"Sent\ten\tX\nTrash\ten\tx", "is \\Sent already"},
	} {
		if _, err := readDictionary(c[0]); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%q: error %v, want one with %q", c[0], err, c[1])
		}
	}
}

func TestWordRole(t *testing.T) {
	plain := Space{Sep: "/"}
	inbox := Space{Sep: ".", Prefix: "INBOX."}
	for _, c := range []struct {
		text string
		s    Space
		role string
	}{
		{"Corbeille", plain, `\Trash`}, {"CORBEILLE", plain, `\Trash`}, {"Papierkorb", plain, `\Trash`},
		{"Entwürfe", plain, `\Drafts`}, {"Entwu\u0308rfe", plain, `\Drafts`},
		{"Junk E-Mail", plain, `\Junk`}, {"junk-email", plain, `\Junk`}, {"Bulk Mail", plain, `\Junk`},
		{"送信済みアイテム", plain, `\Sent`}, {"보낸 편지함", plain, `\Sent`}, {"보낸편지함", plain, `\Sent`},
		{"GÖNDERİLMİŞ ÖĞELER", plain, `\Sent`}, {"Gönderilmiş Öğeler", plain, `\Sent`},
		{"פריטים שנשלחו", plain, `\Sent`}, {"پیش‌نویس‌ها", plain, `\Drafts`}, {"Архив", plain, `\Archive`},
		{"[Gmail]/Corbeille", plain, `\Trash`}, {"[Google Mail]/Entwürfe", plain, `\Drafts`}, {"[Gmail]/Foo/Corbeille", plain, ""},
		{"INBOX.Corbeille", inbox, `\Trash`}, {"INBOX.x.Corbeille", inbox, ""}, {"Work/Corbeille", plain, ""},
		{"", plain, ""}, {"INBOX", plain, ""}, {"My Sent Items", plain, ""},
	} {
		if got := wordRole(Encode(c.text), c.s); got != c.role {
			t.Errorf("%q: %q, want %q", c.text, got, c.role)
		}
	}
}

func TestGuardRole(t *testing.T) {
	for _, c := range []struct {
		folder string
		role   string
	}{
		{`x \sent`, `\Sent`}, {`x \Important`, `\Important`}, {`x \Spam`, `\Junk`}, {`x \AllMail`, `\All`},
		{"Trash", `\Trash`}, {"INBOX/Trash", `\Trash`}, {"inbox/Corbeille", `\Trash`}, {"INBOX/a/Trash", ""}, {"Work", ""},
	} {
		if got := guardRole(list("/", c.folder)[0], Space{Sep: "/"}); got != c.role {
			t.Errorf("%q: %q, want %q", c.folder, got, c.role)
		}
	}
}
