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
			cmd.Env = programEnv()
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

// Who logs in at a terminal is asked for all that is missing. A secret goes to a terminal only if he says so, which is known before it is
// made.
func TestTerminal(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	portal := serving(t, demoArgs(dir)...)
	at := func(line string, typed ...string) (status int, printed string) {
		t.Helper()
		tty := newPTY(t)
		var errs safeBuffer
		cmd := exec.Command(exe, strings.Fields(line)...)
		cmd.Env = programEnv("XDG_CONFIG_HOME=" + home)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = tty.line, tty.line, &errs
		if err := unix.IoctlSetWinsize(int(tty.line.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		for i, text := range typed {
			for range 5000 {
				if strings.Count(errs.String(), ": ") > i {
					break
				}
				time.Sleep(time.Millisecond)
			}
			tty.echoes(i == 0 && len(typed) == 3) // the name alone
			tty.types(text)
		}
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode(), strings.ReplaceAll(errs.String()+tty.shown(), "\r\n", "\n")
	}
	cert := filepath.Join(folder(dir).tls(), "cert.pem")
	status, printed := at("login --profile p --url "+portal.url+" --cacert "+cert, "admin@acme.example\n", demoPassword+"\n", "\n")
	if status != exitOK || strings.Contains(printed, "battery") || !strings.Contains(printed, "profile p: admin@acme.example") {
		t.Errorf("exit status %d\n%s", status, printed)
	}
	if status, printed := at("token create "+strings.Repeat("x", 100)+" --lifetime 1h", nil...); status != exitOK || !strings.HasPrefix(printed, "3\n") {
		t.Errorf("exit status %d\n%s", status, printed)
	}
	status, printed = at("token list")
	for line := range strings.Lines(printed) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 60 && !strings.Contains(line, "END") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if status != exitOK || !strings.Contains(printed, "xxx…") {
		t.Errorf("exit status %d\n%s", status, printed)
	}
	if status, printed := at("token download 3"); status != exitUsage || !strings.Contains(printed, "stdout is a terminal") {
		t.Errorf("exit status %d\n%s", status, printed)
	}
	if status, printed := at("token download 3 --show"); status != exitOK || !strings.Contains(printed, "eyJ") {
		t.Errorf("exit status %d\n%s", status, printed)
	}
	if status, printed := at("credential create svc", "a kept password 1\n"); status != exitOK || strings.Contains(printed, "kept") {
		t.Errorf("exit status %d\n%s", status, printed)
	}
	portal.stop()
}
