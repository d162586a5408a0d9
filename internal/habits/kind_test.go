package habits

import "testing"

func TestSameKind(t *testing.T) {
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{"* OK The Microsoft Exchange IMAP4 service is ready. [RABCADIAMQAwAA==]", "* OK The Microsoft Exchange IMAP4 service is ready. [QgBMADAAUABSAA==]", true},
		{"* OK Gimap ready for requests from 192.0.2.1 x2mb241876667wmk", "* OK Gimap ready for requests from 192.0.2.77 d9443c01a7336qtp", true},
		{"* OK [CAPABILITY IMAP4rev1 ID] Dovecot ready.", "* OK [CAPABILITY IMAP4rev1 ID] Dovecot ready. <1f.2.6a>", true},
		{"* OK Dovecot ready.", "* OK mail.example.org Cyrus IMAP ready", false},
		{"* OK [CAPABILITY IMAP4rev1 ID] ready", "* OK [CAPABILITY IMAP4rev1 IDLE] ready", false},
		{"", "* OK", false},
	} {
		if got := SameKind(KindOf(c.one), c.other); got != c.same {
			t.Errorf("%q and %q are of one kind: %v", c.one, c.other, got)
		}
	}
	if !SameKind("* OK [CAPABILITY IMAPrev ID] ready", "* OK [CAPABILITY IMAP4rev1 ID] ready") {
		t.Error("what earlier versions kept is not known again")
	}
}
