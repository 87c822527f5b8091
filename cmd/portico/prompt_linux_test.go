package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A pty is a terminal with a test at its keyboard.
type pty struct {
	t              *testing.T
	keyboard, line *os.File
}

func newPTY(t *testing.T) *pty {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	t.Cleanup(func() { keyboard.Close() })
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { line.Close() })
	return &pty{t, keyboard, line}
}

// echoes waits until the terminal shows what is typed, or does not.
func (p *pty) echoes(want bool) {
	p.t.Helper()
	for range 2000 {
		state, err := unix.IoctlGetTermios(int(p.line.Fd()), unix.TCGETS)
		if err != nil {
			p.t.Fatal(err)
		}
		if state.Lflag&unix.ECHO != 0 == want {
			return
		}
		time.Sleep(time.Millisecond)
	}
	p.t.Fatalf("what is typed is not shown: %v", !want)
}

func (p *pty) types(text string) {
	p.t.Helper()
	if _, err := p.keyboard.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

// shown is what the terminal has shown.
func (p *pty) shown() string {
	p.t.Helper()
	p.types("END")
	var all strings.Builder
	b := make([]byte, 100)
	for !strings.Contains(all.String(), "END") {
		n, err := p.keyboard.Read(b)
		if err != nil {
			p.t.Fatal(err)
		}
		all.Write(b[:n])
	}
	return all.String()
}

// Who sits at a terminal is asked for the password, and for a code; neither is shown. ^C leaves the terminal as it was.
func TestPrompt(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	portal := serving(t, demoArgs(dir)...)
	for name, c := range map[string]struct {
		args   []string
		typed  []string
		status int
		says   string
	}{
		"the password":         {nil, []string{operatorPassword + "\n", "\n"}, exitOK, ""},
		"asked for by a dash":  {[]string{"--password-file", "-"}, []string{operatorPassword + "\n", "\n"}, exitOK, ""},
		"a code that is wrong": {nil, []string{"wrong password 5\n", "123456\n"}, exitSignedOut, "Invalid username or password"},
		"nothing":              {nil, []string{"\n"}, exitUsage, "give the password of super@portico.local"},
		"^C":                   {nil, []string{""}, exitFailed, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			tty := newPTY(t)
			var printed safeBuffer
			cmd := exec.Command(exe, append([]string{"backup", "--url", portal.url, "--insecure", strings.Map(plain, name)}, c.args...)...)
			cmd.Env = []string{asPortico + "=1"}
			cmd.Stdin, cmd.Stdout, cmd.Stderr = tty.line, &printed, &printed
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			for i, text := range c.typed {
				for range 5000 {
					if strings.Count(printed.String(), ": ") > i {
						break
					}
					time.Sleep(time.Millisecond)
				}
				tty.echoes(false)
				tty.types(text)
			}
			if c.says == "interrupted" {
				_ = cmd.Process.Signal(os.Interrupt)
			}
			_ = cmd.Wait()
			if status := cmd.ProcessState.ExitCode(); status != c.status || !strings.Contains(printed.String(), c.says) {
				t.Errorf("exit status %d, want %d and %q\n%s", status, c.status, c.says, printed.String())
			}
			tty.echoes(true)
			if got := tty.shown(); strings.Contains(got, "correct") || strings.Contains(got, "123456") {
				t.Errorf("shown: %q", got)
			}
			if got := printed.String(); strings.Contains(got, "correct") || !strings.Contains(got, "Password of super@portico.local: ") {
				t.Errorf("printed: %s", got)
			}
		})
	}
	portal.stop()
}

// plain makes the name of a case one of a backup.
func plain(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r
	}
	return '0'
}
