// Package console owns the portal's face: the files of a page in which people do by hand what clients do by calls. It must not know
// what these files do there. They are static and the same for everybody; all they learn they learn by POST /portal, as any
// client, and what they do not show somebody the portal refuses him all the same.
//
// The files are modules as browsers take them, without a step that builds them. A page of the console is a file in static/pages and
// a line in static/pages.js. Texts are in static/en.js and static/de.js alone.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/portico-vco/portico/rpc"
)

//go:embed static
var static embed.FS

// prefix is where the files are, but for the shell.
const prefix = "console/"

// policy lets scripts, styles and calls come from and go to the portal alone, and nothing else happen. Texts never become scripts:
// no sink of the page takes a string (Trusted Types), and no inline script runs.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

var headers = http.Header{
	"Cache-Control":                {"no-cache"}, // asked for again by ETag: the files of two versions do not mix
	"Content-Security-Policy":      {policy},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy":           {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
	"Referrer-Policy":              {"no-referrer"},
	"X-Frame-Options":              {"DENY"},
}

var types = map[string]string{
	".css":     "text/css; charset=utf-8",
	".html":    "text/html; charset=utf-8",
	".js":      "text/javascript; charset=utf-8",
	".mjs":     "text/javascript; charset=utf-8",
	".svg":     "image/svg+xml",
	".LICENSE": "text/plain; charset=utf-8",
}

// Pages are the files by their paths. The shell is at the root, and where links lead that set a new password: what stands behind
// the # of them never leaves the browser.
func Pages() (map[string]*rpc.Page, error) {
	files, err := read()
	if err != nil {
		return nil, err
	}
	pages := make(map[string]*rpc.Page, len(files)+1)
	for name, b := range files {
		p, err := page(name, b)
		if err != nil {
			return nil, err
		}
		pages[prefix+name] = p
	}
	shell, err := page("index.html", withModules(files))
	if err != nil {
		return nil, err
	}
	delete(pages, prefix+"index.html")
	pages[""], pages["reset"] = shell, shell
	return pages, nil
}

func read() (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[strings.TrimPrefix(name, "static/")], err = static.ReadFile(name)
		return err
	})
	return files, err
}

// withModules is the shell with all modules named in it, so that a browser asks for them together instead of one after the other.
func withModules(files map[string][]byte) []byte {
	var links bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if ext := path.Ext(name); ext == ".js" || ext == ".mjs" {
			fmt.Fprintf(&links, "<link rel=\"modulepreload\" href=\"/%s%s\">\n", prefix, name)
		}
	}
	return bytes.Replace(files["index.html"], []byte("<!-- modules -->\n"), links.Bytes(), 1)
}

func page(name string, b []byte) (*rpc.Page, error) {
	kind := types[path.Ext(name)]
	if kind == "" {
		return nil, fmt.Errorf("console: no type is known of %s", name)
	}
	sum := sha256.Sum256(b)
	p := &rpc.Page{
		Header: maps.Clone(headers),
		Body:   b,
		Gzip:   sync.OnceValue(func() []byte { return compressed(b) }),
		ETag:   `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
	}
	p.Header["Content-Type"] = []string{kind}
	return p, nil
}

// compressed takes its time, so it is not for the start of a portal.
func compressed(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = z.Write(b) // a buffer takes all
	_ = z.Close()
	return out.Bytes()
}
