package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imaphaul/imaphaul/internal/mailtest/proxy"
)

// fillProcess ADDR USER MAILBOX stores a made-up mailbox, and reads it once in
// the ways in which programs read, so that the server's caches are as warm for
// the first program as for the last.
func fillProcess(ctx context.Context, args []string) error {
	box, c, err := boxAndClient(ctx, args)
	if err != nil {
		return err
	}
	defer c.close()
	if err := makeFolders(c, box); err != nil {
		return err
	}
	a := appender{c: c}
	if err := box.each(func(m message) error { return a.add(box.folder(m.folder), m) }); err != nil {
		return err
	}
	if err := a.end(); err != nil {
		return err
	}
	if box.messages() == 0 {
		return nil
	}
	for i := range box.folders {
		if _, err := c.do(`EXAMINE "` + box.folder(i) + `"`); err != nil {
			return err
		}
		if err := c.drain(c.send("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID RECEIVED)] BODY.PEEK[HEADER] BODY.PEEK[])")); err != nil {
			return err
		}
	}
	return nil
}

func boxAndClient(ctx context.Context, args []string) (mailbox, *client, error) {
	if len(args) != 3 {
		return mailbox{}, nil, fmt.Errorf("ADDRESS USER MAILBOX are wanted, not %q", args)
	}
	box, ok := mailboxes[args[2]]
	if !ok {
		return mailbox{}, nil, fmt.Errorf("there is no mailbox %q", args[2])
	}
	c, err := dial(ctx, args[0], args[1])
	return box, c, err
}

// makeFolders makes what is missing, all in one round trip.
func makeFolders(c *client, box mailbox) error {
	there, err := c.folders()
	if err != nil {
		return err
	}
	var tags []string
	for i := 1; i < box.folders; i++ {
		if slices.Contains(there, box.folder(i)) {
			continue
		}
		tags = append(tags, c.send(`CREATE "`+box.folder(i)+`"`))
		if box.messages() > 0 {
			tags = append(tags, c.send(`SUBSCRIBE "`+box.folder(i)+`"`))
		}
	}
	for _, tag := range tags {
		if _, err := c.wait(tag); err != nil {
			return err
		}
	}
	return nil
}

// floorTimes is what floorProcess prints, in seconds.
type floorTimes struct{ Fetch, Append, Both float64 }

// floorProcess ADDR1 USER1 ADDR2 USER2 USER3 MAILBOX is the least work by which
// the mailbox could be moved: everything fetched from user 1 and thrown away,
// everything appended for user 2 from memory, each by itself; and then both at
// the same time, for user 3.
func floorProcess(ctx context.Context, args []string) error {
	if len(args) != 6 {
		return fmt.Errorf("two addresses, three users and a mailbox are wanted, not %q", args)
	}
	addr1, user1, addr2, users2 := args[0], args[1], args[2], args[3:5]
	box, ok := mailboxes[args[5]]
	if !ok {
		return fmt.Errorf("there is no mailbox %q", args[5])
	}
	var all []message
	err := box.each(func(m message) error {
		m.body = bytes.Clone(m.body)
		all = append(all, m)
		return nil
	})
	if err != nil {
		return err
	}
	var took floorTimes
	start := time.Now()
	if err := fetchAll(ctx, addr1, user1, box); err != nil {
		return err
	}
	took.Fetch = time.Since(start).Seconds()
	start = time.Now()
	if err := appendAll(ctx, addr2, users2[0], box, all); err != nil {
		return err
	}
	took.Append = time.Since(start).Seconds()
	start = time.Now()
	var g errgroup.Group
	g.Go(func() error { return fetchAll(ctx, addr1, user1, box) })
	g.Go(func() error { return appendAll(ctx, addr2, users2[1], box, all) })
	if err := g.Wait(); err != nil {
		return err
	}
	took.Both = time.Since(start).Seconds()
	return json.NewEncoder(os.Stdout).Encode(took)
}

// fetchAll reads the whole mailbox and throws it away.
func fetchAll(ctx context.Context, addr, user string, box mailbox) error {
	c, err := dial(ctx, addr, user)
	if err != nil {
		return err
	}
	defer c.close()
	var tags []string
	for i := range box.folders {
		tags = append(tags, c.send(`EXAMINE "`+box.folder(i)+`"`))
		if box.messages() > 0 {
			tags = append(tags, c.send("UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])"))
		}
	}
	for _, tag := range tags {
		if err := c.drain(tag); err != nil {
			return err
		}
	}
	if c.literals != box.messages() {
		return fmt.Errorf("%d messages came, %d were there", c.literals, box.messages())
	}
	return nil
}

// appendAll makes the folders and stores the messages.
func appendAll(ctx context.Context, addr, user string, box mailbox, all []message) error {
	c, err := dial(ctx, addr, user)
	if err != nil {
		return err
	}
	defer c.close()
	if err := makeFolders(c, box); err != nil {
		return err
	}
	a := appender{c: c}
	for _, m := range all {
		if err := a.add(box.folder(m.folder), m); err != nil {
			return err
		}
	}
	return a.end()
}

// countProcess ADDR USER prints the number of folders and of messages.
func countProcess(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("an address and a user are wanted, not %q", args)
	}
	c, err := dial(ctx, args[0], args[1])
	if err != nil {
		return err
	}
	defer c.close()
	names, err := c.folders()
	if err != nil {
		return err
	}
	var tags []string
	for _, n := range names {
		tags = append(tags, c.send(`STATUS "`+n+`" (MESSAGES)`))
	}
	total := 0
	for _, tag := range tags {
		lines, err := c.wait(tag)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if _, after, ok := strings.Cut(l, "(MESSAGES "); ok {
				n, err := strconv.Atoi(strings.TrimSuffix(after, ")"))
				if err != nil {
					return fmt.Errorf("%q: %w", l, err)
				}
				total += n
			}
		}
	}
	_, err = fmt.Fprintln(os.Stdout, len(names), total)
	return err
}

// lineCounts is what lineProcess prints when asked.
type lineCounts struct {
	Turns, Commands    int
	ToServer, ToClient int64
}

// lineProcess TARGET DELAY RATE stands between a client and a server: every byte
// is DELAY on its way, and RATE bytes a second pass in each direction, 0 for any
// number. It prints the port, and for every line of its input what
// went over the line so far. It ends with its input.
func lineProcess(_ context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("a target, a delay and a rate are wanted, not %q", args)
	}
	delay, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	rate, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return err
	}
	p, err := proxy.Start(proxy.Options{Target: args[0], Delay: delay, Rate: rate})
	if err != nil {
		return err
	}
	defer p.Close()
	say(os.Stdout, "%d", p.Port())
	asked := bufio.NewScanner(os.Stdin)
	for asked.Scan() {
		n := p.Counts()
		if err := json.NewEncoder(os.Stdout).Encode(lineCounts{Turns: n.Turns, Commands: n.Total(), ToServer: n.ToServer, ToClient: n.ToClient}); err != nil {
			return err
		}
	}
	return asked.Err()
}
