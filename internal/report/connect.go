package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/event"
)

func (t *Text) probed(e event.Probed) {
	t.linef("Host%d: probing ssl on port 993 ( use --nosslcheck to avoid this ssl probe ) ", e.Side)
	if e.Open {
		t.linef("Host%[1]d: sslcheck detected open ssl port 993 so turning ssl on"+
			" (use --nossl%[1]d --notls%[1]d to turn off SSL and TLS wizardry)", e.Side)
		return
	}
	t.linef("Host%d: sslcheck did not detected open ssl port 993. Will use standard 143 port.", e.Side)
}

func (t *Text) connecting(e event.Connecting) {
	t.login[inRange(e.Side)] = e.Login
	if side := inRange(e.Side); t.portLater[side] {
		a := t.o.Host1
		if side == 2 {
			a = t.o.Host2
		}
		t.serverLine(int(side), a, e.Port)
	}
	if e.Login {
		t.linef("Host%[1]d: connecting and login on host%[1]d [%[2]s] port [%[3]d] with user [%[4]s]",
			e.Side, e.Host, e.Port, e.User)
		return
	}
	t.linef("Host%d: Will just connect to %s without login", e.Side, e.Host)
	t.linef("Host%[1]d: connecting on host%[1]d [%[2]s] port [%[3]d]", e.Side, e.Host, e.Port)
}

func (t *Text) connected(e event.Connected) {
	t.linef("Host%d IP address: %s Local IP address: %s", e.Side, e.RemoteIP, e.LocalIP)
	t.linef("Host%d banner: %s", e.Side, strings.TrimRight(e.Banner, "\r\n"))
	when := " before authentication"
	if !t.login[inRange(e.Side)] {
		when = ""
	}
	t.linef("Host%d capability%s: %s", e.Side, when, e.Capabilities)
	if e.StartTLS {
		t.linef("Host%d: going to ssl because STARTTLS is in CAPABILITY."+
			" Use --notls1 or --notls2 to avoid that behavior", e.Side)
		t.linef("Host%d: Socket successfully converted to SSL", e.Side)
	}
	if e.TLS != "" {
		t.linef("Host%d: encrypted with %s", e.Side, e.TLS)
	}
	t.in(yellow, func() { t.connectionWarnings(e) })
}

// connectionWarnings says what is not safe about a connection.
func (t *Text) connectionWarnings(e event.Connected) {
	if e.Unverified {
		t.linef("Host%d: warning! the server's certificate is not verified:"+
			" anybody between here and there can read and change everything", e.Side)
	}
	if e.Waived != "" {
		t.linef("Host%[1]d: warning! %[2]s. It is accepted because host%[1]d is this machine; give --cafile%[1]d or --sslargs%[1]d SSL_verify_mode=1 to refuse it.", e.Side, e.Waived)
	}
	if e.PlaintextLoginSent {
		t.linef("Host%d: warning! the connection is not encrypted: the password travels in clear", e.Side)
	}
}

func (t *Text) authenticating(e event.Authenticating) {
	t.linef("Host%[1]d: will try to use %[2]s authentication on host%[1]d", e.Side, e.Mech)
	switch {
	case e.Advertised:
		t.linef("Host%d: %s says it has CAPABILITY for AUTHENTICATE %s", e.Side, e.Host, e.Mech)
	case e.Mech != "LOGIN":
		t.linef("Host%d: %s says it has NO CAPABILITY for AUTHENTICATE %s", e.Side, e.Host, e.Mech)
	}
}

func (t *Text) hasLoggedIn(e event.LoggedIn) {
	t.loggedIn[inRange(e.Side)] = true
	if e.AfterFailure != "" {
		t.linef("Host%d: success login on [%s] with user [%s] auth [%s] after [%s] failure",
			e.Side, e.Host, e.User, e.Mech, e.AfterFailure)
	} else {
		t.linef("Host%d: success login on [%s] with user [%s] auth [%s] or [LOGIN]",
			e.Side, e.Host, e.User, e.Mech)
	}
	t.linef("Host%d: state Authenticated", e.Side)
	t.linef("Host%d capability once authenticated: %s", e.Side, e.Capabilities)
}

func (t *Text) identified(e event.Identified) {
	if e.Fields == nil {
		t.linef("Host%d: No ID capability", e.Side)
		return
	}
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(e.Fields)) {
		b.WriteString(" [" + k + "] = [" + e.Fields[k] + "]")
	}
	t.linef("Host%d: the server's ID:%s", e.Side, b.String())
}

func (t *Text) quota(e event.Quota) {
	if !e.HasQuota {
		t.linef("Host%d: No QUOTA capability found, skipping it.", e.Side)
		return
	}
	if e.Limit <= 0 {
		t.linef("Host%d: Quota current storage is %d bytes. There is no limit.", e.Side, e.Used)
		return
	}
	t.linef("Host%d: Quota current storage is %d bytes. Limit is %d bytes. So %.2f %% full",
		e.Side, e.Used, e.Limit, 100*float64(e.Used)/float64(e.Limit))
	t.in(yellow, func() { t.nearlyFull(e) })
}

// nearlyFull warns of a mailbox with little room.
func (t *Text) nearlyFull(e event.Quota) {
	if e.NearlyFull() {
		t.linef("Host%d: warning! %.2f %% full: it is time to find a bigger place! ( %d bytes / %d bytes )",
			e.Side, 100*float64(e.Used)/float64(e.Limit), e.Used, e.Limit)
	}
}

func (t *Text) sizeLimit(e event.SizeLimit) {
	switch {
	case e.AppendLimit > 0 && e.MaxSize > 0:
		t.linef("Host2: Setting maxsize to %d (min of --maxsize %d and appendlimit %d)",
			e.Effective, e.MaxSize, e.AppendLimit)
	case e.AppendLimit > 0:
		t.linef("Host2: Setting maxsize to appendlimit %d", e.AppendLimit)
	}
}

func (t *Text) compression(e event.Compression) {
	switch {
	case e.Err != nil:
		t.linef("Host%d: Compression failed, going on without it: %v", e.Side, e.Err)
	case e.On && e.Rate > 0:
		t.linef("Host%d: the line carries %s MB/s: compressing from now on", e.Side, strconv.FormatFloat(e.Rate/1e6, 'g', 2, 64))
	case e.On:
		t.linef("Host%d: Compression is on now", e.Side)
	default:
		t.linef("Host%[1]d: Compression is off. Use --compress%[1]d to allow compression on host%[1]d", e.Side)
	}
}

func (t *Text) reconnected(e event.Reconnected) {
	by := ""
	if e.Cause != nil { // else it was lost while nobody used it
		by = fmt.Sprintf(". It was lost by: %v", e.Cause)
	}
	t.linef("Host%d: the connection was lost and is open again%s", e.Side, by)
}

// inRange guards the arrays against a Side that is neither 1 nor 2.
func inRange(s event.Side) event.Side {
	if s < 0 || s > 2 {
		return 0
	}
	return s
}
