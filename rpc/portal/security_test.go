package portal_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// attacks are those that SECURITY.md must have a row of, by how it begins.
var attacks = []string{
	"password guessing", "user enumeration", "token guessing", "session fixation", "cookies",
	"forged calls, logins and logouts", "smuggling", "a false Host",
	"open redirects", "foreign request ids", "log injection", "comparison timing", "privilege escalation",
	"tenant crossing", "events flooded", "exhaustion by argon2",
}

var (
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`)
	testName = regexp.MustCompile("`(\\w+\\.\\w+)`")
)

// TestEveryAttackHasItsTest holds SECURITY.md against the tests that there are.
func TestEveryAttackHasItsTest(t *testing.T) {
	there := map[string]bool{} // by package and name
	must(t, filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, found := range testFunc.FindAllSubmatch(b, -1) {
			there[filepath.Base(filepath.Dir(path))+"."+string(found[1])] = true
		}
		return err
	}))
	b, err := os.ReadFile("../../SECURITY.md")
	must(t, err)
	var rows []string
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "--") || cells[1] == " attack " {
			continue
		}
		rows = append(rows, strings.TrimSpace(cells[1]))
		tests := testName.FindAllStringSubmatch(cells[3], -1)
		if len(tests) == 0 {
			t.Errorf("no test of %s", cells[1])
		}
		for _, name := range tests {
			if !there[name[1]] {
				t.Errorf("%s: there is no %s", cells[1], name[1])
			}
		}
	}
	want := attacks
	for i := range 15 {
		want = append(want, fmt.Sprintf("B%d ", i+1))
	}
	for _, attack := range want {
		n := 0
		for _, row := range rows {
			if strings.HasPrefix(row, attack) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d rows of %s", n, attack)
		}
	}
}
