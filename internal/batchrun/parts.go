package batchrun

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/imaphaul/imaphaul/internal/batch"
)

// resultName is the name of a file of results: the stem of the list, the shard, and the
// option of a call that copied nothing (resultFiles).
var resultName = regexp.MustCompile(`^(.+?)(?:\.shard(\d+)of(\d+)(\.(?:dry|just[a-z]+))?)?\.result\.json$`)

// part is the result of one shard.
type part struct {
	path, stem   string
	only         bool // of a call that copied nothing
	index, count int  // from 1; 0 and 0 for a whole list
	rows         []resultRecord
	empty        emptyPart // of which list it is, where it has no rows that tell
	header       string    // of its list of rows to be run again
	again        []string
	ext          string // of that list
}

// emptyPart tells of which list a part is that has no row: its results, which tell that in
// each row, cannot. It lies beside them.
type emptyPart struct {
	List string `json:"list"` // see [run.listDigest]
	Rows int    `json:"rows"` // of the whole list
}

// emptyName is its name, by that of the results.
func emptyName(results string) string {
	return strings.TrimSuffix(results, ".result.json") + ".empty.json"
}

// findParts reads the results in the directories, which must be of one list.
func findParts(dirs []string) (stem string, parts []part, err error) {
	seen := make(map[string]bool)
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return "", nil, err
		}
		for _, e := range entries {
			name := resultName.FindStringSubmatch(e.Name())
			path := filepath.Join(dir, e.Name())
			whole, err := filepath.EvalSymlinks(path)
			if name == nil || err != nil || seen[whole] {
				continue
			}
			seen[whole] = true
			p := part{path: path}
			p.index, _ = strconv.Atoi(name[2])
			p.count, _ = strconv.Atoi(name[3])
			p.stem, p.only = name[1], name[4] != ""
			if err := p.read(filepath.Join(dir, strings.TrimSuffix(e.Name(), ".result.json"))); err != nil {
				return "", nil, err
			}
			parts = append(parts, p)
		}
	}
	parts, only := withoutRehearsals(parts)
	if slices.ContainsFunc(parts, func(p part) bool { return p.count > 0 }) {
		// What is of no shard is what an earlier merge wrote.
		parts = slices.DeleteFunc(parts, func(p part) bool { return p.count == 0 })
	}
	if len(parts) == 0 && len(only) > 0 {
		return "", nil, fmt.Errorf("%s: these are results of calls that copied nothing, such as rehearsals (--dry). Run the list, or its parts, without that option", strings.Join(only, ", "))
	}
	if len(parts) == 0 {
		return "", nil, fmt.Errorf("there are no results (*.result.json) in %s", strings.Join(dirs, ", "))
	}
	for _, p := range parts[1:] {
		if p.stem != parts[0].stem {
			return "", nil, fmt.Errorf("there are results of two lists, %q and %q. Merge those of one list at a time", parts[0].stem, p.stem)
		}
	}
	slices.SortFunc(parts, func(a, b part) int { return a.index - b.index })
	return parts[0].stem, parts, nil
}

// withoutRehearsals are the results of calls that copied; only are the files of the others.
func withoutRehearsals(parts []part) (kept []part, only []string) {
	for _, p := range parts {
		if p.only || len(p.rows) > 0 && !slices.ContainsFunc(p.rows, func(r resultRecord) bool { return r.Only == "" }) {
			only = append(only, p.path)
			continue
		}
		kept = append(kept, p)
	}
	return kept, only
}

// read reads the results of a shard, and its rows to be run again.
func (p *part) read(base string) error {
	data, err := os.ReadFile(p.path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &p.rows); err != nil {
		return fmt.Errorf("%q is no file of results: %w", p.path, err)
	}
	if len(p.rows) == 0 {
		// Results that another version wrote, or that were copied alone, have none.
		if data, err := os.ReadFile(emptyName(p.path)); err == nil {
			if err := json.Unmarshal(data, &p.empty); err != nil {
				return fmt.Errorf("%q does not tell of a list: %w", emptyName(p.path), err)
			}
		}
	}
	names, err := filepath.Glob(globbed(base) + ".failed.*")
	names = slices.DeleteFunc(names, func(name string) bool {
		// It may have been run by itself, with a state and results of its own.
		return strings.Contains(strings.TrimPrefix(name, base+".failed."), ".")
	})
	if err != nil || len(names) == 0 {
		return nil //nolint:nilerr // none is to be run again
	}
	p.ext = filepath.Ext(names[0])
	f, err := os.Open(names[0])
	if err != nil {
		return err
	}
	defer f.Close()
	list, _, err := batch.Read(f, listWords) // its faults are told when it is run
	if err != nil {
		return fmt.Errorf("%q: %w", names[0], err)
	}
	p.header = list.Header
	for _, row := range list.Rows {
		p.again = append(p.again, row.Source)
	}
	return nil
}

// globbed is a path that filepath.Glob takes as it is.
func globbed(path string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
