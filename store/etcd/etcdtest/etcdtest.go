// Package etcdtest owns the members of etcd clusters that tests run: real ones, each a process. It must not know what is stored.
package etcdtest

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Binary is the path of the program in store/etcd/member, which `make member` builds. Without it the test is skipped.
func Binary(t testing.TB) string {
	t.Helper()
	path := os.Getenv("PORTICO_TEST_ETCD")
	if path == "" {
		t.Skip("needs an etcd member: make etcd, or PORTICO_TEST_ETCD=PATH of what make member builds")
	}
	return path
}

// A Member is a running member, or one that was.
type Member struct {
	Client string // host:port
	Dir    string
	args   []string
	log    string // the file of what it says; "" means the test's own standard error
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process has
	stdin  io.Closer
}

// Alone starts a cluster of one.
func Alone(t testing.TB, args ...string) *Member {
	t.Helper()
	return Start(t, filepath.Join(t.TempDir(), "etcd"), args...)
}

// Start starts a member with its data in dir, and waits until it answers clients. It ends with the test.
func Start(t testing.TB, dir string, args ...string) *Member {
	t.Helper()
	m := &Member{Dir: dir, args: append([]string{"-dir", dir}, args...)}
	m.launch(t)
	t.Cleanup(m.Kill)
	if m.Client = <-m.ready(t); m.Client == "" {
		t.Fatal("the member did not start")
	}
	return m
}

func (m *Member) launch(t testing.TB) {
	t.Helper()
	m.cmd = exec.Command(Binary(t), m.args...)
	m.cmd.Stderr = os.Stderr
	if m.log != "" {
		f, err := os.OpenFile(m.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close() // the process has it
		m.cmd.Stderr = f
	}
	var err error
	if m.stdin, err = m.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
}

func (m *Member) ready(t testing.TB) <-chan string {
	t.Helper()
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd, ended := m.cmd, make(chan struct{})
	m.ended = ended
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	ready := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		ready <- strings.TrimSpace(line)
	}()
	return ready
}

// Kill ends it at once, as kill -9 does.
func (m *Member) Kill() {
	m.Signal(syscall.SIGKILL)
	<-m.ended
}

// Stop ends it as a service manager does; a leader hands over before.
func (m *Member) Stop() {
	m.Signal(syscall.SIGTERM)
	<-m.ended
}

// Signal sends it a signal.
func (m *Member) Signal(s os.Signal) { _ = m.cmd.Process.Signal(s) }

// Ended is closed when it has ended, by itself or not.
func (m *Member) Ended() <-chan struct{} { return m.ended }

// Restart starts it again with what it had, and these args behind the others.
func (m *Member) Restart(t testing.TB, args ...string) {
	t.Helper()
	m.Kill()
	m.args = append(append(m.args, "-client", "http://"+m.Client), args...)
	m.launch(t)
	if <-m.ready(t) == "" {
		t.Fatal("the member did not start again")
	}
}
