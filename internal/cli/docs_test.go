package cli

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/imaphaul/imaphaul/internal/docpages"
)

var update = flag.Bool("update", false, "write docs/options.md from the table")

// docs/options.md is the table in print. After a change of the table:
//
//	go test ./internal/cli -run OptionsDocument -update
func TestOptionsDocument(t *testing.T) {
	const path = "../../docs/options.md"
	want := docpages.Wrap(optionsDocument())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/options.md does not show the option table; run this test with -update")
	}
}

// The table of docs/trouble.md is that of help, so that no remedy is written twice. After a
// change:
//
//	go test ./internal/cli -run ExitCodesDocument -update
func TestExitCodesDocument(t *testing.T) {
	const path, first, last = "../../docs/trouble.md", "| code | meaning |", "\n\nMessages that are left out"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), first)
	_, after, end := strings.Cut(rest, last)
	if !found || !end {
		t.Fatalf("%s has no table of exit codes", path)
	}
	want := before + strings.TrimSuffix(exitCodesPage(), "\n") + last + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Errorf("%s does not show the exit codes as help does; run this test with -update", path)
	}
}

func optionsDocument() string {
	var b strings.Builder
	b.WriteString(optionsPreface)
	for _, g := range groupOrder {
		fmt.Fprintf(&b, "\n## %s\n\n| Option | Default | What it does |\n|---|---|---|\n", g)
		for i := range Table {
			if o := &Table[i]; o.Group == g {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", codes(o), cell(o.defaultText()), cell(o.Help+remarks(o)))
			}
		}
	}
	return b.String()
}

// codes shows name, value and aliases.
func codes(o *Option) string {
	spellings := strings.Split(o.spelling(), ", ")
	return "`" + strings.ReplaceAll(strings.Join(spellings, "` `"), "|", `\|`) + "`"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func remarks(o *Option) string {
	since := ""
	if o.Newer {
		since = " *Newer than imapsync 2.229.*"
	}
	if o.Status == NoEffect {
		return since + " **No effect here:** " + o.Why + "."
	}
	if o.Newer {
		return since
	}
	if o.Own {
		return " *Not in imapsync.*"
	}
	return ""
}

const optionsPreface = `# Options

This page is made from the option table; the program prints the same with ` + "`imaphaul help all`" + `, and one of
them with ` + "`imaphaul help --NAME`" + `. They can also stand in a file of ` + "`--config`" + ` and in ` + "`IMAPHAUL_NAME`" + ` variables: ` + "`imaphaul help config`" + `.

## How they are written

- ` + "`--name value`, `--name=value`, `-name value` and `+name value`" + ` are the same. Names are matched without case and may be
  cut short as long as they stay unique: first among imapsync's names, then among ours, so that an abbreviation that works with
  imapsync means the same here.
- ` + "`--[no]name`" + ` is a switch: ` + "`--noname` and `--no-name`" + ` turn it off. Plain flags have no such form.
- A list option may be repeated; its values keep their order. Of other options the last one counts.
- Whole numbers may hold ` + "`_`" + ` (` + "`45_000_000`" + `). A size may have a suffix, of powers of 1,024: ` + "`500K`, `10M`, `1.5G`" + `. An age in
  days may have one: ` + "`12h`, `30d`, `2w`, `6mo`, `1y`" + ` (a month is 30 days, a year 365).
- ` + "`--`" + ` ends the options. What is left over is an error, unless the first of it is empty or ` + "`0`" + `.
- A text option takes whatever follows it, options too; a value that is the name of an option is warned of. ` + "`--prefix2 \"\"`" + ` gives an empty text, ` + "`--prefix2=`" + ` is an error.
- With the environment variable ` + "`POSIXLY_CORRECT`" + ` there are no abbreviations and no ` + "`+`" + `, and the first argument that is no
  option ends the options.

All values are checked before anything is connected. Everything that is wrong is reported at once, and the exit code is 64, or 66 when
nothing but unreadable files is wrong.

## Passwords

In this order, for each side:

1. ` + "`--passfileN FILE`" + `: the first line of the file, byte for byte. A line end (LF or CRLF) and a byte order mark are not part of it.
2. ` + "`--secretN SOURCE`" + `: ` + "`env:NAME`" + `, ` + "`file:PATH`" + `, ` + "`keyring:NAME`" + ` (an entry of the service imaphaul in the keyring of the system) or
   ` + "`cmd:COMMAND`" + ` (the first line that the command prints). An error beside ` + "`--passfileN` or `--passwordN`" + `.
3. The environment variable ` + "`IMAPSYNC_PASSWORDN`" + `. It is not passed on to commands that the program starts.
4. ` + "`--passwordN TEXT`" + `, exactly as typed, blanks included. On Linux the program overwrites it in the list of processes as soon as it
   starts; until then, and elsewhere, other users of the machine can read it: prefer a file.
5. A login stored by ` + "`imaphaul login`" + ` for this user and host, see [auth.md](auth.md).
6. A prompt, without echo. When standard input is no terminal, one line of it.

No password is asked for when a token is given, nor with the mechanisms EXTERNAL and PREAUTH. Passwords and tokens are never
printed, in no spelling of their options; the echoed command line shows MASKED.

A file given to ` + "`--oauthaccesstokenN` or `--oauthdirectN`" + ` is read again at each login. How tokens are made and renewed, for each
provider, is in [auth.md](auth.md); ` + "`imaphaul login --help`" + ` lists the options of the login.

## TLS

Certificates are checked against the system's authorities. ` + "`--insecureN`" + ` turns that off, ` + "`--cafileN`" + ` names other authorities. Of
IO::Socket::SSL's settings ` + "`--sslargsN`" + ` knows:

| Key | Value |
|---|---|
| ` + "`SSL_verify_mode`" + ` | 1 checks the certificate, 0 accepts any |
| ` + "`SSL_ca_file`" + ` | PEM file of authorities |
| ` + "`SSL_cert_file`, `SSL_key_file`" + ` | the client's own certificate and key |
| ` + "`SSL_verifycn_name`, `SSL_hostname`" + ` | the name that the certificate must have |
| ` + "`SSL_version`" + ` | ` + "`TLSv1_2`, `TLSv1_1:TLSv1_2`, `SSLv23:!TLSv1:!TLSv1_1`" + ` ... |
| ` + "`SSL_cipher_list`" + ` | what is offered up to TLS 1.2, as in OpenSSL: ` + "`DEFAULT:RSA`, `ALL:!RC4`, `AES128-SHA`" + ` ... |
| ` + "`SSL_fingerprint`" + ` | ` + "`sha256$`" + ` and 64 hexadecimal digits of the one certificate to accept |

Versions before TLS 1.2 and RSA key exchange are not safe any more; they are offered only when these settings ask for them, with a
warning. Suites with DHE do not exist here. With ` + "`--insecureN`" + ` or a fingerprint, certificates with negative serial numbers and RSA keys
up to 16384 bits are accepted as OpenSSL does; Go has this setting for the whole process, so that it holds for both hosts.

## Plans and expressions

` + "`--printplan`" + ` prints what a run would be made of as JSON, every default included, and stops before connecting.
` + "`imaphaul explain EXPRESSION NAME...`" + ` shows how an expression is understood and what it does to names; put ` + "`--exclude`" + ` or another
option in front of the expression when it is that option's value. With the options of a login (--host2, --user2, --passfile2, or those of
both hosts) the servers are asked how they write names, and without a NAME all folders are shown.

## Extra options

A file ` + "`options_extra.txt`" + ` in the current directory is read over the command line: its first line, split as by a shell. It may hold
--debugimap(1,2), --debugflags, --errorsmax, --folder, --timeout(1,2), --keepaliveN, --reconnectretryN, --sslN, --tlsN and
--compressN; the rest is reported and passed over.
`
