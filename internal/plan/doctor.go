package plan

// Doctor says what "imaphaul doctor" looks at beside the accounts.
type Doctor struct {
	// Guess tells by side that host and port are to be found out from the address of
	// the user.
	Guess [2]bool
	// Probe counts the connections that are let in, WriteTest writes into a temporary
	// folder.
	Probe, WriteTest bool
	// Transcript is the file for the dialogue without secrets and contents, "" for none.
	Transcript string
	// JSON prints the result as JSON.
	JSON bool
	// Run are the arguments that a run takes over, secrets masked.
	Run []string
}
