package event

// Class is the kind of an error. imapsync tells kinds apart by searching the
// printed text, subject lines included; here the place that saw the error knows.
// Exit code and comment of each class: docs/trouble.md.
type Class string

// imapsync's classes, under its names.
const (
	ErrNothingReported  Class = "ERR_NOTHING_REPORTED"
	ErrUnclassified     Class = "ERR_UNCLASSIFIED"
	ErrAuthUser1        Class = "ERR_AUTHENTICATION_FAILURE_USER1"
	ErrAuthUser2        Class = "ERR_AUTHENTICATION_FAILURE_USER2"
	ErrAuthMechanism    Class = "ERR_AUTHENTICATION_FAILURE" // PREAUTH, X-MASTERAUTH
	ErrTLS              Class = "ERR_EXIT_TLS_FAILURE"
	ErrConnection1      Class = "ERR_CONNECTION_FAILURE_HOST1"
	ErrConnection2      Class = "ERR_CONNECTION_FAILURE_HOST2"
	ErrFetch            Class = "ERR_Host1_FETCH"
	ErrAppend           Class = "ERR_APPEND"
	ErrAppendSize       Class = "ERR_APPEND_SIZE"
	ErrAppendVirus      Class = "ERR_APPEND_VIRUS"
	ErrOverquota        Class = "ERR_OVERQUOTA"
	ErrFlags            Class = "ERR_FLAGS"
	ErrCreate           Class = "ERR_CREATE"
	ErrSelect           Class = "ERR_SELECT"
	ErrTransferExceeded Class = "ERR_TRANSFER_EXCEEDED"
)

// Classes imapsync does not have; they end in EXIT_WITH_ERRORS (111) unless
// said otherwise.
const (
	ErrListing  Class = "ERR_LISTING"          // a folder could not be listed completely
	ErrFolder   Class = "ERR_FOLDER"           // a folder the user named does not exist
	ErrDeletion Class = "ERR_DELETION"         // a deletion the server refused
	ErrRefused  Class = "ERR_DELETION_REFUSED" // the guard's ceiling: exit 122
	ErrLost     Class = "ERR_CONNECTION_LOST"
	// host2 confirmed a message, or had it, and does not have it
	ErrNotStored Class = "ERR_NOT_STORED"
	ErrReport    Class = "ERR_EMAILREPORT" // the report could not be stored in an INBOX
	// --subfolder1 names nothing: exit 21, as in imapsync.
	ErrSubfolder1 Class = "ERR_SUBFOLDER1_NO_EXISTS"
)
