package auth

import (
	"crypto/md5" //nolint:gosec // the mechanism's own digest
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// digestClient is DIGEST-MD5 (RFC 2831, historic by RFC 6331) with
// qop=auth: no integrity or confidentiality layer.
type digestClient struct {
	p        Params
	cnonce   string
	step     int
	rspauth  string
	verified bool
}

func newDigest(p Params) *digestClient {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return &digestClient{p: p, cnonce: hex.EncodeToString(b[:])}
}

func (c *digestClient) Start() (string, []byte, error) {
	c.step, c.verified = 0, false
	return DigestMD5, nil, nil
}

func (c *digestClient) Next(challenge []byte) ([]byte, error) {
	c.step++
	switch c.step {
	case 1:
		return c.respond(challenge)
	case 2:
		got := parseDigest(string(challenge))["rspauth"]
		if subtle.ConstantTimeCompare([]byte(got), []byte(c.rspauth)) != 1 {
			return nil, errors.New("DIGEST-MD5: the server could not prove that it knows the password")
		}
		c.verified = true
		return []byte{}, nil
	}
	return nil, errors.New("DIGEST-MD5: the server sends a third challenge")
}

// Verify demands the server's rspauth.
func (c *digestClient) Verify() error {
	if !c.verified {
		return errors.New("DIGEST-MD5: the server accepted the login without proving that it knows the password")
	}
	return nil
}

func (c *digestClient) respond(challenge []byte) ([]byte, error) {
	d := parseDigest(string(challenge))
	nonce := d["nonce"]
	if nonce == "" {
		return nil, errors.New("DIGEST-MD5: the challenge has no nonce")
	}
	if alg := d["algorithm"]; alg != "" && !strings.EqualFold(alg, "md5-sess") {
		return nil, fmt.Errorf("DIGEST-MD5: unknown algorithm %q", alg)
	}
	if qop, ok := d["qop"]; ok && !hasWord(qop, "auth") {
		return nil, fmt.Errorf("DIGEST-MD5: the server offers only the protection levels %q", qop)
	}
	authcid, authzid := c.p.identities()
	realm := d["realm"]
	uri := "imap/" + c.p.Host
	const nc = "00000001"

	sum := md5.Sum([]byte(authcid + ":" + realm + ":" + c.p.Password.Reveal())) //nolint:gosec // see above
	a1 := string(sum[:]) + ":" + nonce + ":" + c.cnonce
	if authzid != "" {
		a1 += ":" + authzid
	}
	kd := func(a2 string) string {
		return hexMD5(hexMD5(a1) + ":" + nonce + ":" + nc + ":" + c.cnonce + ":auth:" + hexMD5(a2))
	}
	c.rspauth = kd(":" + uri)

	var b strings.Builder
	if strings.EqualFold(d["charset"], "utf-8") {
		b.WriteString("charset=utf-8,")
	}
	fmt.Fprintf(&b, "username=%s,realm=%s,nonce=%s,nc=%s,cnonce=%s,digest-uri=%s,response=%s,qop=auth",
		quoteDigest(authcid), quoteDigest(realm), quoteDigest(nonce), nc, quoteDigest(c.cnonce), quoteDigest(uri), kd("AUTHENTICATE:"+uri))
	if authzid != "" {
		b.WriteString(",authzid=" + quoteDigest(authzid))
	}
	return []byte(b.String()), nil
}

func hexMD5(s string) string {
	sum := md5.Sum([]byte(s)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

func quoteDigest(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(w), word) {
			return true
		}
	}
	return false
}

// parseDigest reads key=value pairs with commas between them; values may be
// quoted. The first of a repeated key counts (RFC 2831 section 2.1.1: realm).
func parseDigest(s string) map[string]string {
	m := make(map[string]string)
	for s != "" {
		s = strings.TrimLeft(s, ", \t\r\n")
		eq := strings.IndexByte(s, '=')
		if eq < 0 {
			break
		}
		key := strings.ToLower(strings.TrimSpace(s[:eq]))
		s = s[eq+1:]
		var value strings.Builder
		if strings.HasPrefix(s, `"`) {
			i := 1
			for ; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' && i+1 < len(s) {
					i++
				}
				value.WriteByte(s[i])
			}
			s = s[min(i+1, len(s)):]
		} else {
			end := strings.IndexByte(s, ',')
			if end < 0 {
				end = len(s)
			}
			value.WriteString(strings.TrimSpace(s[:end]))
			s = s[end:]
		}
		if _, ok := m[key]; !ok {
			m[key] = value.String()
		}
	}
	return m
}
