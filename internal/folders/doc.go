// Package folders decides, without any I/O, which host1 folders take part, under
// which names they arrive on host2, and which folders may be deleted.
//
// A folder is identified by its raw name: the bytes of LIST after unquoting,
// normally modified UTF-7 (RFC 3501 section 5.1.3). Raw names go back on the
// wire unchanged; decoded text is for people and for expressions that were
// typed in UTF-8.
//
// The way through the package: Locate finds separator and prefix of each side,
// Map selects, maps, repairs and checks, and returns a Table that can be shown
// before the first byte moves; Table.Deletions says what --delete2folders may
// remove, EmptyVerdict what --delete1emptyfolders may.
//
// The rules are imapsync's (pipeline order, selection order, automap table), so
// a command line written for it gives the same names. Where its way loses mail
// or hides a mistake the safe way is taken; docs/folders.md lists each case.
package folders
