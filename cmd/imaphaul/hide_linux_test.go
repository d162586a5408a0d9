package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The list of processes shows no secret while the program runs, in no spelling of
// the options, and not how long it is.
func TestProcessListShowsNoSecret(t *testing.T) {
	const canary = "c4nary-0123456789-abcdef"
	for _, tc := range [][]string{
		{"--password1", canary}, {"--password1=" + canary}, {"-PassWord1", canary}, {"+PASSWORD1=" + canary},
		{"--password1", "x" + canary, "--password1", canary}, {"--oauthaccesstoken1", canary}, {"--oauthdirect1=" + canary},
		{"--oauthrefreshcmd1", "true " + canary, "--oauthaccesstoken1", "token-file"},
		{"--secret1", "cmd:echo " + canary},
	} {
		t.Run(strings.ReplaceAll(strings.Join(tc, " "), canary, "X"), func(t *testing.T) {
			mute, err := newMuteServer()
			if err != nil {
				t.Fatal(err)
			}
			defer mute.close()
			port := strconv.Itoa(mute.port())
			hosts := []string{
				"--host1", "127.0.0.1", "--port1", port, "--user1", "a", "--nossl1", "--notls1",
				"--host2", "127.0.0.1", "--port2", port, "--user2", "b", "--password2", canary, "--nossl2", "--notls2", "--nolog", "--pidfile", "",
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "token-file"), []byte("token\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(os.Args[0], append(hosts, tc...)...)
			cmd.Args[0] = "imaphaul"
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "IMAPSYNC_PASSWORD1=", "IMAPSYNC_PASSWORD2=", "TMPDIR="+dir, "XDG_STATE_HOME="+dir)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case <-mute.accepted:
			case err := <-ended:
				t.Fatalf("it ended: %v\n%s", err, &out)
			}
			shown, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/cmdline")
			_ = cmd.Process.Kill()
			<-ended
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(shown, []byte("c4nary")) || bytes.Contains(shown, []byte("abcdef")) {
				t.Errorf("%q", shown)
			}
			if !bytes.Contains(shown, []byte("--password2\x00****\x00")) || !bytes.Contains(shown, []byte("--host1\x00127.0.0.1\x00")) {
				t.Errorf("%q", shown)
			}
			if bytes.Contains(out.Bytes(), []byte("c4nary")) {
				t.Errorf("printed: %s", &out)
			}
		})
	}
}

// A string that is not the kernel's is left alone.
func TestOverwriteSparesOtherStrings(t *testing.T) {
	constant := "a constant, which lies where nobody may write"
	newArgMemory().overwrite(constant, 2)
	if !strings.HasPrefix(constant, "a constant") {
		t.Error(constant)
	}
	argMemory{}.overwrite(os.Args[0], 0)
	if os.Args[0] == "" || os.Args[0][0] == '*' {
		t.Error(os.Args[0])
	}
}
