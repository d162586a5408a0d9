// Package compare decides which message of one side is which of the other: what is
// there, what is missing, what is there twice. It asks no server; contents, where
// they have to decide, are brought to it.
//
// A pair once made stays made: what the journal or a proven reply ties together is
// one message, whatever host2 has made of its bytes. For the rest the key decides
// where it stands once on each side and the sizes agree; elsewhere the contents do,
// then the order of UIDs. docs/identity.md has the table of all cases; the numbers of
// rows in comments are those of that table.
//
// The work goes in rounds: Begin, then Ask and Decide until nothing is asked any
// more, then Leftovers and Candidates, Ask and Decide again, and Finish.
package compare
