package imapconn

import (
	"bytes"
	"context"
	"strings"

	"github.com/imaphaul/imaphaul/internal/imapwire"
)

// Quota is a quota root and its resources (RFC 9208).
type Quota struct {
	Root      string
	Resources []QuotaResource
}

// QuotaResource is the use of one resource.
type QuotaResource struct {
	// Name is STORAGE (units of 1024 bytes), MESSAGE, MAILBOX or another.
	Name string
	// Usage and Limit; Limit is -1 for none.
	Usage, Limit int64
}

// GetQuotaRoot asks for the quotas that apply to a mailbox.
// Capability: QUOTA. State: authenticated. RFC 9208 section 4.1.3.
func (c *Conn) GetQuotaRoot(ctx context.Context, mailbox string) ([]Quota, error) {
	var got []Quota
	err := c.collect(ctx, func(v any) bool {
		switch v := v.(type) {
		case quotaReply:
			if len(got) < maxQuotas {
				got = append(got, Quota(v))
			}
		case quotaRootReply:
		default:
			return false
		}
		return true
	}, "GETQUOTAROOT", Str(mailbox))
	return got, err
}

// parseQuota reads "root (name usage limit ...)"; the root may be missing, or
// bare with spaces.
func parseQuota(sc *imapwire.Scanner) (Quota, error) {
	var q Quota
	sc.Space()
	if b := sc.Rest(); len(b) > 0 && b[0] != '(' || len(b) == 0 {
		name, _, err := parseName(sc, func(b []byte) int {
			if i := bytes.IndexByte(b, '('); i >= 0 {
				return i
			}
			return len(b)
		})
		if err != nil {
			return q, err
		}
		q.Root = name
	}
	k, _, err := sc.Token()
	if err != nil || k != imapwire.Open {
		return q, err
	}
	var words []string
	for {
		k, v, err := sc.Token()
		if err != nil {
			return q, err
		}
		if k == imapwire.Close || k == imapwire.End {
			break
		}
		if len(words) < 3*maxQuotas {
			words = append(words, string(v))
		}
	}
	for i := 0; i < len(words); {
		r := QuotaResource{Name: strings.ToUpper(words[i]), Limit: -1}
		i++
		for field := range 2 {
			if i >= len(words) {
				break
			}
			n, ok := imapwire.ParseNumber([]byte(words[i]))
			if !ok && !strings.HasPrefix(words[i], "-") {
				break // the next resource's name
			}
			if ok && field == 0 {
				r.Usage = n
			} else if ok {
				r.Limit = n
			}
			i++
		}
		q.Resources = append(q.Resources, r)
	}
	return q, nil
}

// parseQuotaRoot reads the mailbox and its roots, which nobody needs: each
// root's QUOTA line follows.
func parseQuotaRoot(sc *imapwire.Scanner) ([]string, error) {
	var words []string
	for {
		k, v, err := sc.Token()
		if err != nil || k == imapwire.End {
			return words, err
		}
		words = append(words, string(v))
	}
}
