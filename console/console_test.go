package console_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-vco/portico/console"
	"github.com/portico-vco/portico/rpc"
)

func pages(t *testing.T) map[string]*rpc.Page {
	t.Helper()
	all, err := console.Pages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sources are the files of ours that a browser runs, by name.
func sources(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, pattern := range []string{"static/*.js", "static/pages/*.js"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(names), err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = string(b)
		}
	}
	return files
}

// maxWire is what a browser fetches at most that comes for the first time, headers left aside.
const maxWire = 150_000

func TestPages(t *testing.T) {
	wire := 0
	for name, p := range pages(t) {
		for header, want := range map[string]string{
			"Cache-Control": "no-cache", "Cross-Origin-Opener-Policy": "same-origin", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
		} {
			if got := p.Header.Get(header); got != want {
				t.Errorf("%q: %s is %q, want %q", name, header, got, want)
			}
		}
		policy := p.Header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
		} {
			if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
				t.Errorf("%q: the policy is %s, without %s", name, policy, want)
			}
		}
		if p.Header.Get("Content-Type") == "" || !regexp.MustCompile(`^W/"[\w-]{16}"$`).MatchString(p.ETag) {
			t.Errorf("%q: type %q, ETag %s", name, p.Header.Get("Content-Type"), p.ETag)
		}
		size := len(p.Body)
		if p.Gzip != nil {
			size = len(p.Gzip())
			z, err := gzip.NewReader(bytes.NewReader(p.Gzip()))
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(z); err != nil || !bytes.Equal(b, p.Body) {
				t.Errorf("%q: compressed it is something else, %v", name, err)
			}
		}
		if path.Ext(name) != ".LICENSE" && name != "reset" {
			wire += size
		}
	}
	t.Logf("%d bytes over the wire", wire)
	if wire > maxWire {
		t.Errorf("%d bytes over the wire, more than %d", wire, maxWire)
	}
}

// TestShell: links of mails lead to the shell, too, and it names every module.
func TestShell(t *testing.T) {
	all := pages(t)
	if all[""] == nil || all[""] != all["reset"] {
		t.Error("the shell is not at / and /reset")
	}
	shell := string(all[""].Body)
	for name := range all {
		if ext := path.Ext(name); (ext == ".js" || ext == ".mjs") && !strings.Contains(shell, `href="/`+name+`"`) {
			t.Errorf("the shell does not name %s", name)
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="/([^"]+)"`).FindAllStringSubmatch(shell, -1) {
		if all[m[1]] == nil {
			t.Errorf("the shell names %s, which is not there", m[1])
		}
	}
}

// TestNothingFromElsewhere: no file leads a browser anywhere but to the portal, and none has what the policy refuses.
func TestNothingFromElsewhere(t *testing.T) {
	address := regexp.MustCompile(`(?i)\b(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+`)
	names := map[string]bool{ // of kinds of documents; nobody goes there
		"http://www.w3.org": true,
	}
	for name, p := range pages(t) {
		if path.Ext(name) == ".LICENSE" {
			continue
		}
		for _, a := range address.FindAllString(string(p.Body), -1) {
			if !names[a] {
				t.Errorf("%q leads to %s", name, a)
			}
		}
	}
	// A text as spellcheck is true, whatever it says, and secrets are no words.
	refused := regexp.MustCompile(`spellcheck="|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\bimport\(|\bstyle=|javascript:`)
	for name, source := range sources(t) {
		if m := refused.FindString(source); m != "" {
			t.Errorf("%s has %s", name, m)
		}
	}
}

// TestVendored: the library is what npm has, but for the one word that vendored.md tells of.
func TestVendored(t *testing.T) {
	notes, err := os.ReadFile("vendored.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)\| ([\w.]+\.mjs) \|.*\| ([0-9a-f]{64}) \|$`).FindAllStringSubmatch(string(notes), -1) {
		told[m[1]] = m[2]
	}
	files, err := filepath.Glob("static/vendor/*.mjs")
	if err != nil || len(files) != len(told) || len(files) == 0 {
		t.Fatalf("%d files, %d of which vendored.md tells, %v", len(files), len(told), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(bytes.Replace(b, []byte(`"./preact.mjs"`), []byte(`"preact"`), 1))
		if want := told[filepath.Base(file)]; hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not what npm has: %x, want %s", file, sum, want)
		}
	}
}
