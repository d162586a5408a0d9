package plan

// Detail says how much of the text standard output gets; the log has all of it.
type Detail string

// The details, from all to the least.
const (
	DetailWhole Detail = ""
	// DetailSummary leaves the lines of single messages out (--summary).
	DetailSummary Detail = "summary"
	// DetailQuiet leaves warnings, errors and the verdict (--quiet).
	DetailQuiet Detail = "quiet"
)

// View says what whoever watches the run gets to see of it.
type View struct {
	Detail Detail `json:",omitempty"`
	// Progress: what goes on is shown where it would be by itself only on a terminal,
	// or nowhere (--progress, --noprogress); nil: as it fits.
	Progress *bool `json:",omitempty"`
	// JSON is the file that gets the events as lines of JSON, "-" for standard output,
	// "" for none.
	JSON string `json:",omitempty"`
	// Report is the file that gets the page of the run, "" for none.
	Report string `json:",omitempty"`
	// Metrics is the address at which counters are served for Prometheus, host:port, ""
	// for none.
	Metrics string `json:",omitempty"`
}
