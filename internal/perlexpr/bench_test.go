package perlexpr

import (
	"fmt"
	"strings"
	"testing"
)

// message builds a message of about size bytes: a usual header and a body of
// lines as base64 has them.
func message(size int) string {
	var b strings.Builder
	b.WriteString("Return-Path: <a@example.org>\r\n")
	for i := range 8 {
		fmt.Fprintf(&b, "Received: from mx%d.example.org by mail.example.org\r\n\twith ESMTP id %d; Sat, 10 Jul 2010 05:34:45 -0700\r\n", i, i*7919)
	}
	b.WriteString("Date: Sat, 10 Jul 2010 05:34:45 -0700\r\nFrom: <a@example.org>\r\nTo: <b@example.org>\r\nSubject: a message\r\nMessage-ID: <1@example.org>\r\n\r\n")
	line := strings.Repeat("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODkw", 2)[:76] + "\r\n"
	for b.Len() < size {
		b.WriteString(line)
	}
	return b.String()
}

func BenchmarkApply(b *testing.B) {
	big := message(1 << 20)
	for _, bm := range []struct {
		name string
		kind Kind
		expr string
		in   string
	}{
		{"name/anchored", Trans, `s/^INBOX\.(.+)/$1/`, "INBOX.Archive.2019"},
		{"name/prefix", Trans, `s,^($sync->{h2_prefix}){2},$sync->{h2_prefix},`, "INBOX.INBOX.Archive"},
		{"flags/remove", Flag, `s/\\FORWARDED|\\Indexed|\\ATTACHED//gi`, `\Seen \Indexed \Answered`},
		{"1MiB/absent", Mess, `s{\A((?:[^\n]+\r\n)+|)(^Disposition-Notification-To:[^\n]*\n)(\r?\n|.*\n\r?\n)}{$1X-$2$3}ims`, big},
		{"1MiB/header", Mess, `s/^Subject: (.*)$/Subject: [old] $1/m`, big},
		{"1MiB/prepend", Mess, `s/\A/X-Migrated: yes\r\n/`, big},
		{"1MiB/literal", Mess, `s/\r\n/\n/g`, big},
		{"1MiB/everyline", Mess, `s/^([A-Z])/>$1/mg`, big},
		{"1MiB/wrap", Mess, `s,(.{10239}),$1\r\n,g`, big},
		{"1MiB/nulls", Mess, `s/(\x00)+\Z//g`, big},
		{"1MiB/8bit", Mess, `tr [\x80-\xff] [X]`, big},
		{"1MiB/boundary", Mess, `s/\bneverthere\b/x/g`, big},
	} {
		b.Run(bm.name, func(b *testing.B) {
			e, err := Compile(bm.kind, bm.expr)
			if err != nil {
				b.Fatal(err)
			}
			vars := Vars{"h2_prefix": "INBOX."}
			b.ReportAllocs()
			b.SetBytes(int64(len(bm.in)))
			for b.Loop() {
				if _, err := e.Apply(bm.in, vars); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("1MiB/skip", func(b *testing.B) {
		e, err := Compile(Skip, `m{\A(?!.*^From:[^\n]*tartanpion\@machin\.truc)}xms`)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		b.SetBytes(int64(len(big)))
		for b.Loop() {
			if _, err := e.Match(big, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
