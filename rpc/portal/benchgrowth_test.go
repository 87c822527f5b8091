package portal_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/store/bolt"
)

// BenchmarkGrowth: what a portal with many tokens costs against one with few: a read, a creation, the start, the memory.
// PORTICO_BENCH_MANY sets how many are many (default 1000000); filling takes minutes.
func BenchmarkGrowth(b *testing.B) {
	many := number("PORTICO_BENCH_MANY", 1_000_000)
	few, some, full := openSite(b, 1_000), openSite(b, 10_000), openSite(b, many)
	b.Run("read", func(b *testing.B) {
		post := client(16)
		get := func(s *site) func(int) error {
			return func(i int) error {
				return post(s.url, "Token "+s.texts[i%len(s.texts)], getEnterprise, []byte(`"name":"Acme"`))
			}
		}
		race(b, 16, contestant{"few", get(few)}, contestant{"many", get(full)})
	})
	b.Run("create", func(b *testing.B) {
		race(b, 64, contestant{"some", some.creator(b, 64)}, contestant{"many", full.creator(b, 64)})
	})
	b.Run("start", func(b *testing.B) { full.restart(b) })
}

// restart opens the store anew, answers one call, and reports how long that took and what memory is held besides the file's.
func (s *site) restart(b *testing.B) {
	must(b, s.db.Close())
	s.house = nil
	start := time.Now()
	db, err := bolt.Open(filepath.Join(s.dir, "portico.db"), bolt.Options{})
	must(b, err)
	defer db.Close()
	h := assemble(b, db, zerolog.Nop())
	url := listen(b, h.handler) + "/portal/"
	post := client(16)
	must(b, post(url, "Token "+s.texts[0], getEnterprise, []byte(`"name":"Acme"`)))
	b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "ms-to-first-answer")
	must(b, parallel(16, 20_000, func(i int) error {
		return post(url, "Token "+s.texts[i%len(s.texts)], getEnterprise, nil)
	}))
	debug.FreeOSMemory()
	b.ReportMetric(anonymous(b), "MB-beyond-file") // of this process: the portal, its clients, the benchmark
	b.ReportMetric(0, "ns/op")
}

// anonymous is the process's resident memory without that of mapped files, in MB. Linux tells it.
func anonymous(b *testing.B) float64 {
	b.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		b.Skip("resident memory is read from /proc, which is not here")
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kB float64
		if n, _ := fmt.Sscanf(lines.Text(), "RssAnon: %f kB", &kB); n == 1 {
			return kB / 1024
		}
	}
	b.Fatal("/proc/self/status does not tell RssAnon")
	return 0
}

func number(env string, otherwise int) int {
	if n, err := strconv.Atoi(strings.TrimSpace(os.Getenv(env))); err == nil {
		return n
	}
	return otherwise
}
