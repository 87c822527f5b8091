package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func (p *process) page(path string) (*http.Response, string) {
	p.t.Helper()
	res, err := browser.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res, string(b)
}

func TestConsole(t *testing.T) {
	t.Parallel()
	p := serving(t, demoArgs(t.TempDir())...)
	res, shell := p.page("/")
	policy := res.Header.Get("Content-Security-Policy")
	if res.StatusCode != http.StatusOK || !strings.Contains(shell, `src="/console/app.js"`) || !strings.Contains(policy, "script-src 'self'") {
		t.Errorf("the shell: %d %v\n%s", res.StatusCode, res.Header, shell)
	}
	if res, _ := p.page("/console/app.js"); res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("a file: %d %v", res.StatusCode, res.Header)
	}
	p.stop()
}

func TestNoConsole(t *testing.T) {
	t.Parallel()
	p := serving(t, demoArgs(t.TempDir(), "--no-console")...)
	if res, page := p.page("/"); res.StatusCode != http.StatusOK || strings.Contains(page, "<script") {
		t.Errorf("at /: %d %s", res.StatusCode, page)
	}
	if res, _ := p.page("/console/app.js"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a file: %d", res.StatusCode)
	}
	p.stop()
}
