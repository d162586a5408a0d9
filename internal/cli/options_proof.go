package cli

func proofOptions() []Option {
	return rows(GroupProof,
		own(Option{Name: "verify", Kind: Str, Arg: "sizes|headers|full|sample=n%", Auto: "full with imaphaul verify, else none", Help: "Hold both accounts against each other at the end of the run: by identifying headers and sizes, by whole headers, by whole messages, or by whole messages of a sample."}),
		own(Option{Name: "strict", Kind: Switch, Help: "Count differences that host2's known habits explain, too."}),
		own(Option{Name: "manifest", Kind: Str, Arg: "file", Help: "Write a certificate of the verification: a line for each message, with digests of both sides."}),
		own(Option{Name: "against", Kind: Str, Arg: "file", Help: "With imaphaul verify: hold host2 alone against such a certificate."}),
		own(Option{Name: "againstflags", Kind: Switch, Help: "With --against: compare flags, too."}),
		own(Option{Name: "tsv", Kind: Switch, Help: "With imaphaul verify: print tab-separated values."}),
		own(Option{Name: "probe", Kind: Switch, Help: "With imaphaul doctor: find out how many connections are let in, up to 20."}),
		own(Option{Name: "writetest", Kind: Switch, Help: "With imaphaul doctor: store two messages in a temporary folder of host2, read them back, and remove it."}),
		own(Option{Name: "transcript", Kind: Str, Arg: "file", Help: "With imaphaul doctor: write what was said with the servers to a new file, without secrets, contents and names."}),
	)
}
