package examples_test

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A portal tells the receiver in Python of events, and nobody else can.
func TestWebhook(t *testing.T) {
	needs(t, "python3")
	p := start(t)
	home := t.TempDir()
	client := func(words ...string) string {
		t.Helper()
		cmd := exec.Command(portico, words...)
		cmd.Env = []string{"XDG_CONFIG_HOME=" + home, "PORTICO_PASSWORD=" + password}
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("portico %q: %v", words, err)
		}
		return strings.TrimSpace(string(out))
	}
	client("login", "--url", p.url, "--cacert", p.cert, "--user", operator, "--operator")
	client("property", "set", "portico.webhook.allowedNetworks", "127.0.0.1/32")
	address := free(t)
	signing := client("webhook", "create", "example", "--target", "http://"+address+"/portico")

	receiver := exec.Command("python3", "webhook.py")
	_, port, _ := net.SplitHostPort(address)
	receiver.Env = append(os.Environ(), "PORTICO_WEBHOOK_SECRET="+signing, "PORT="+port)
	receiver.Stderr = os.Stderr
	out, err := receiver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = receiver.Process.Kill()
		_ = receiver.Wait()
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatal("the receiver does not listen")
		}
	}

	for headers, want := range map[string]int{
		"": 400, "webhook-id: x\nwebhook-timestamp: 1\nwebhook-signature: v1,x": 401,
		"webhook-id: x\nwebhook-timestamp: x\nwebhook-signature: v1,x": 400,
	} {
		req, _ := http.NewRequest(http.MethodPost, "http://"+address, strings.NewReader(`{"type":"FORGED"}`))
		for line := range strings.Lines(headers) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			req.Header.Set(name, value)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != want {
			t.Errorf("%q: %d", headers, res.StatusCode)
		}
	}
	client("webhook", "test", "1")
	if lines := bufio.NewScanner(out); !lines.Scan() || lines.Text() != "TEST_WEBHOOK webhook example" {
		t.Errorf("the receiver says %q", lines.Text())
	}
}
