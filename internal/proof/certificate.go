package proof

import (
	"fmt"
	"time"

	"github.com/imaphaul/imaphaul/internal/certificate"
	"github.com/imaphaul/imaphaul/internal/plan"
	"github.com/imaphaul/imaphaul/internal/program"
	"github.com/imaphaul/imaphaul/internal/verification"
)

// Certificate is a certificate that is being written, or none.
type Certificate struct {
	w    *certificate.Writer
	path string
}

// Begin begins the certificate that a plan asks for, before anything is
// read; none is no error.
func Begin(p *plan.Plan) (*Certificate, error) {
	if p.Proof.Manifest == "" {
		return &Certificate{}, nil
	}
	w, err := certificate.Create(p.Proof.Manifest)
	if err != nil {
		return nil, fmt.Errorf("--manifest: %w", err)
	}
	return &Certificate{w, p.Proof.Manifest}, nil
}

// attach has the verification tell it what it finds.
func (c *Certificate) attach(o *verification.Options) {
	if c.w == nil {
		return
	}
	o.Folder = func(f verification.FolderPair) error {
		return c.w.Folder(certificate.Folder{Name: f.Name2, Subscribed: f.Subscribed2, UIDValidity: f.UIDValidity})
	}
	o.Pair = func(p verification.Pair) error {
		return c.w.Message(certificate.Message{
			Folder1: p.Folder1, Digest1: p.Digest1, Digest2: p.Digest2, Size1: p.Size1, Size2: p.Size2,
			Date: p.Date, Flags: p.Flags, UID1: p.UID1, UID2: p.UID2,
		})
	}
}

// abort gives the certificate up.
func (c *Certificate) abort() {
	if c.w != nil {
		c.w.Abort()
	}
}

// end writes the certificate of a verification that came to its end.
func (c *Certificate) end(sum *verification.Summary) error {
	if c.w == nil {
		return nil
	}
	head := []certificate.Fact{
		{Name: "made", Value: time.Now().UTC().Format(time.RFC3339)},
		{Name: "program", Value: "imaphaul " + program.Version()},
		{Name: "verdict", Value: sum.Verdict()},
		{Name: "folders", Value: fmt.Sprint(sum.Folders)},
		{Name: "messages of host1", Value: fmt.Sprint(sum.Messages)},
		{Name: "bytes of host1", Value: fmt.Sprint(sum.Bytes)},
		{Name: "messages equal", Value: fmt.Sprint(sum.Equal)},
		{Name: "rows that differ", Value: fmt.Sprint(sum.Counted)},
		{Name: "rows explained", Value: fmt.Sprint(sum.Explained)},
	}
	for n := 1; n <= 2; n++ {
		s := sum.Sides[n]
		head = append(head,
			certificate.Fact{Name: fmt.Sprintf("account%d", n), Value: s.Host + " " + s.User},
			certificate.Fact{Name: fmt.Sprintf("server%d", n), Value: s.Greeting},
			certificate.Fact{Name: fmt.Sprintf("address%d", n), Value: s.RemoteIP + " " + s.TLS},
			certificate.Fact{Name: fmt.Sprintf("commands%d", n), Value: sum.CommandWords(n)},
		)
	}
	if err := c.w.Finish(head); err != nil {
		return fmt.Errorf("--manifest %s: %w", c.path, err)
	}
	return nil
}
