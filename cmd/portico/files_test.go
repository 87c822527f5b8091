package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

func sorted(s []string) []string { slices.Sort(s); return s }

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(data))
}

func copyTree(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	_ = filepath.WalkDir(to, func(path string, d os.DirEntry, err error) error { // CopyFS widens the modes
		if err == nil && d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
}

func chmodKeys(t testing.TB, dir string) {
	t.Helper()
	for _, path := range keysIn(t, dir) {
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
	}
}

func keysIn(t testing.TB, dir string) []string {
	t.Helper()
	return filesOf(t, dir, apiTokens.keyNames)
}

func vaultKeysIn(t testing.TB, dir string) []string { return filesOf(t, dir, vaultKeyNames) }

func filesOf(t testing.TB, dir string, names keyNames) []string {
	t.Helper()
	paths, err := names.in(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// last is what the last match of a pattern says.
func last(t testing.TB, text, pattern string) string {
	t.Helper()
	all := regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		t.Fatalf("nothing like %q in\n%s", pattern, text)
	}
	return all[len(all)-1][1]
}
