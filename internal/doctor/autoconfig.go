package doctor

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// setting is an IMAP server that a domain's file of settings names.
type setting struct {
	host     string
	port     int
	startTLS bool
	url      string
}

// maxSettings bounds such a file, bytes.
const maxSettings = 256 << 10

// settingsClient fetches settings: only by https, so that nobody between can put in
// a server of his own.
func settingsClient() *http.Client {
	return &http.Client{
		Timeout: stepTime,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: stepTime,
			DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			switch {
			case r.URL.Scheme != "https":
				return errors.New("it leads to an address without https")
			case len(via) >= 3:
				return errors.New("it leads on and on")
			}
			return nil
		},
	}
}

// autoconfig asks a domain for the settings of its mail, as mail programs do
// (draft-ietf-mailmaint-autoconfig). The address of the user is not sent along.
func (a *asker) autoconfig(ctx context.Context, domain string) (Lookup, []setting) {
	l := Lookup{Kind: "autoconfig", Name: domain}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	urls := []string{
		"https://autoconfig." + domain + "/mail/config-v1.1.xml",
		"https://" + domain + "/.well-known/autoconfig/mail/config-v1.1.xml",
	}
	type answer struct {
		got     []setting
		missing bool
		err     error
	}
	answers := make([]chan answer, len(urls))
	for i, url := range urls {
		answers[i] = make(chan answer, 1)
		go func() {
			got, missing, err := a.fetch(ctx, url)
			answers[i] <- answer{got, missing, err}
		}()
	}
	var failed error
	missing := false
	for i := range urls {
		switch r := <-answers[i]; {
		case len(r.got) > 0:
			for _, s := range r.got {
				l.Answers = append(l.Answers, fmt.Sprintf("%s:%d", s.host, s.port))
			}
			if len(l.Answers) > few {
				l.Answers = append(l.Answers[:few], "and more")
			}
			return l, r.got
		case r.err == nil, r.missing, notFound(r.err):
			missing = true
		default:
			failed = r.err
		}
	}
	if failed != nil && !missing {
		l.Failed = "could not be asked: " + cause(failed)
	}
	return l, nil
}

// fetch reads one file of settings. missing: there is none.
func (a *asker) fetch(ctx context.Context, url string) (got []setting, missing bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, false, err
	}
	res, err := a.http.Do(req)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, true, fmt.Errorf("%s", res.Status)
	}
	got, err = readSettings(io.LimitReader(res.Body, maxSettings))
	for i := range got {
		got[i].url = url
	}
	return got, err != nil, err
}

// readSettings takes the IMAP servers out of a file of settings; those in the clear
// are left out.
func readSettings(r io.Reader) ([]setting, error) {
	var file struct {
		Servers []struct {
			Type   string `xml:"type,attr"`
			Host   string `xml:"hostname"`
			Port   string `xml:"port"`
			Socket string `xml:"socketType"`
		} `xml:"emailProvider>incomingServer"`
	}
	d := xml.NewDecoder(r)
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	if err := d.Decode(&file); err != nil {
		return nil, err
	}
	var out []setting
	for _, s := range file.Servers {
		host := dnsName(strings.TrimSpace(s.Host))
		port, err := strconv.ParseUint(strings.TrimSpace(s.Port), 10, 16)
		socket := strings.ToUpper(strings.TrimSpace(s.Socket))
		if !strings.EqualFold(s.Type, "imap") || host == "" || err != nil || port == 0 || socket != "SSL" && socket != "STARTTLS" || len(out) == few {
			continue
		}
		out = append(out, setting{host: host, port: int(port), startTLS: socket == "STARTTLS"})
	}
	return out, nil
}

// notFound reports whether there is no such name.
func notFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// ttlWords is a time to live for people.
func ttlWords(seconds uint32) string { return (time.Duration(seconds) * time.Second).String() }
