package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Whoever writes to a hub would command every worker: so rows say only what is done with
// folders and messages of which accounts. How a worker reaches servers, what it runs, reads
// and writes on its machine, and what secrets are, it knows itself. Nothing waives that.

// HubRow is a row of a hub as read.
type HubRow struct {
	// Args are its options without the names of its secrets, which are Secrets, and without
	// those that are refused.
	Args    []string
	Secrets [2]string
	// Problems are complete sentences.
	Problems []string
}

// hubGroups are the groups of which a row may have all options but for notInHub.
var hubGroups = []Group{GroupFolders, GroupNames, GroupFolderDel, GroupPresets, GroupSelect, GroupIdentity, GroupTransform, GroupFlags, GroupDelete, GroupLimits}

// inHub are options of other groups that a row may have, without the side.
var inHub = []string{
	"host", "port", "user", "authuser", "authmech", "proxyauth", "domain", "authmd", "trylogin",
	"timeout", "keepalive", "compress", "reconnectretry", "connections", "buffersize", "split", "id", "disablecap",
	"verify", "strict", "usecache", "errorsdump", "justfolders", "justlogin",
}

// notInHub are options of hubGroups that read or write files, run commands, or wait in
// ways that belong to one machine.
var notInHub = []string{"mapfile", "printmap", "skippedfile", "savedir", "pipemess", "pipemesscheck", "maxlinelengthcmd", "waitday", "between"}

var secretName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@%+-]{0,199}$`)

// ReadHubRow takes the options of a row for a hub apart. It is asked when a list is loaded,
// and again by each worker, which trusts nobody who can write to the hub.
func ReadHubRow(args []string) HubRow {
	var r HubRow
	bad := func(format string, a ...any) { r.Problems = append(r.Problems, fmt.Sprintf(format, a...)) }
	sc := scan(tableVocabulary(), args, false)
	for _, w := range sc.warnings {
		bad("%s.", w)
	}
	if len(sc.leftovers) > 0 {
		bad("%s is no option.", strings.Join(sc.leftoversShown, " "))
	}
	for _, g := range sc.given {
		key := g.opt.key()
		base := strings.TrimRight(key, "12")
		switch {
		case base == "secret" && base != key:
			if !secretName.MatchString(g.value) {
				bad("--%s in a row for a hub: it is no name. Give a name that the worker's --secrets file has, such as alice.old.", key)
				continue
			}
			r.Secrets[key[len(key)-1]-'1'] = g.value
			continue
		case base != key && ofLogin(base):
			bad("--%s in a row for a hub: secrets and where they are never go there. Give --secret%s NAME, and the worker a file with --secrets.", key, key[len(key)-1:])
			continue
		case notInBatch[key] != "":
			bad("--%s in a row for a hub: %s", key, notInBatch[key])
			continue
		case slices.Contains(inHub, base):
		case slices.Contains(hubGroups, g.opt.Group) && !slices.Contains(notInHub, key):
		default:
			bad("--%s in a row for a hub: whoever writes to the hub would command every worker. Leave it out, or give it to \"imaphaul worker\".", key)
			continue
		}
		r.Args = append(r.Args, g.arguments()...)
	}
	return r
}
