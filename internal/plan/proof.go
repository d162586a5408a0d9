package plan

// Depth is what a verification holds against each other.
type Depth string

// The depths: identifying headers and sizes, whole headers, whole messages; and whole
// messages of a sample, headers and sizes of the others.
const (
	DepthSizes   Depth = "sizes"
	DepthHeaders Depth = "headers"
	DepthFull    Depth = "full"
	DepthSample  Depth = "sample"
)

// Proof says how both accounts are held against each other, by "imaphaul verify" or
// at the end of a run.
type Proof struct {
	// Depth is "" for no verification, LeftOut says why one that was asked for has
	// nothing to verify.
	Depth   Depth
	LeftOut string
	// Sample is the share of messages of DepthSample, in percent.
	Sample float64
	// Strict counts differences that host2's habits explain.
	Strict bool
	// Manifest is the certificate to write, Against the one to hold host2 against; ""
	// for none. AgainstFlags compares flags, too.
	Manifest, Against string
	AgainstFlags      bool
	// Format of what is printed: "" for text, "tsv" or "json".
	Format string
}
