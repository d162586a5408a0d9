package jsonout

import "github.com/imaphaul/imaphaul/internal/event"

// Events has one value of every type of event.
var Events = []event.Event{
	event.Authenticating{},
	event.Compression{},
	event.Connected{},
	event.Connecting{},
	event.DayLimit{},
	event.Debug{},
	event.Delivery{},
	event.DeletionRefused{},
	event.Error{},
	event.Expunged{},
	event.Finished{},
	event.FlagsChanged{},
	event.FolderCreated{},
	event.FolderDone{},
	event.FolderIgnored{},
	event.FolderListed{},
	event.FolderListing{},
	event.FolderRemoved{},
	event.FolderSelected{},
	event.FolderSkipped{},
	event.FolderStart{},
	event.FolderSubscribed{},
	event.FoldersChosen{},
	event.FoldersListed{},
	event.Identified{},
	event.LoggedIn{},
	event.LoopEnd{},
	event.LoopStart{},
	event.Mapped{},
	event.MessageCopied{},
	event.MessageMissing{},
	event.MessageShort{},
	event.MessageSkipped{},
	event.MessagesDeleted{},
	event.MessagesDoubtful{},
	event.MessagesPresent{},
	event.Note{},
	event.PassBegun{},
	event.PassEnded{},
	event.Phase{},
	event.Probed{},
	event.Quota{},
	event.Rate{},
	event.Reconnected{},
	event.Rehearsed{},
	event.Role{},
	event.Separator{},
	event.SignalReceived{},
	event.SizeLimit{},
	event.SizesRow{},
	event.SizesTotal{},
	event.Throttled{},
	event.TokenScope{},
	event.Underway{},
	event.Waiting{},
	event.Watching{},
}

// skipNames are the reasons why a message is not copied.
var skipNames = map[event.Skip]string{
	event.SkipPresent: "present", event.SkipDuplicate: "duplicate", event.SkipCrossDuplicate: "cross_duplicate",
	event.SkipNoHeader: "no_header", event.SkipTooBig: "too_big", event.SkipTooSmall: "too_small",
	event.SkipLongLine: "long_line", event.SkipShortLine: "short_line", event.SkipByRule: "by_rule",
	event.SkipTransform: "transform", event.SkipResurrect: "resurrect", event.SkipVanished: "vanished",
	event.SkipUnsent: "unsent", event.SkipReport: "report", event.SkipShort: "short", event.SkipNoMail: "no_mail",
	event.SkipMarked: "marked",
}

func skipName(s event.Skip) string {
	if name, ok := skipNames[s]; ok {
		return name
	}
	return "other"
}
