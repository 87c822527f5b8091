package account

import (
	"fmt"
	"strings"
	"testing"
)

func TestRateLimits(t *testing.T) {
	policy := func(match, rules string) string {
		return fmt.Sprintf(`[{"type":"ENTERPRISE","policies":[{"match":%s,"rules":%s}]}]`, match, rules)
	}
	all, one := `{"type":"ALL"}`, `{"maxConcurrent":1}`
	reservoir := `{"reservoir":%d,"reservoirRefreshAmount":1,"reservoirRefreshInterval":%d}`
	many := func(n int) string {
		return `[{"type":"PROXY","policies":[` + strings.Repeat(`{"match":`+all+`,"rules":`+one+`},`, n-1) + `{"match":` + all + `,"rules":` + one + `}]}]`
	}
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"none", `[]`, true},
		{"a kind without policies", `[{"type":"SYSTEM","enabled":false}]`, true},
		{"concurrency", policy(all, one), true},
		{"as much as there may be", policy(all, `{"maxConcurrent":10000}`), true},
		{"a reservoir", policy(all, fmt.Sprintf(reservoir, 1000000, 3600000)), true},
		{"a method", policy(`{"type":"METHOD","value":"event/getOperatorEvents"}`, one), true},
		{"a hundred", many(100), true},
		{"no list", `{}`, false},
		{"another member", `[{"type":"SYSTEM","who":"all"}]`, false},
		{"no kind", `[{"policies":[]}]`, false},
		{"no rule", policy(all, `{}`), false},
		{"another rule", policy(all, `{"speed":1}`), false},
		{"a fraction", policy(all, `{"maxConcurrent":1.5}`), false},
		{"nothing at once", policy(all, `{"maxConcurrent":0}`), false},
		{"too much at once", policy(all, `{"maxConcurrent":10001}`), false},
		{"an empty reservoir", policy(all, fmt.Sprintf(reservoir, 0, 5000)), false},
		{"a sea", policy(all, fmt.Sprintf(reservoir, 1000001, 5000)), false},
		{"too often", policy(all, fmt.Sprintf(reservoir, 1, 0)), false},
		{"between two steps", policy(all, fmt.Sprintf(reservoir, 1, 5001)), false},
		{"never filled again", policy(all, `{"reservoir":1}`), false},
		{"filled, but when", policy(all, `{"reservoir":1,"reservoirRefreshAmount":1}`), false},
		{"filled from nothing", policy(all, `{"reservoirRefreshAmount":1,"reservoirRefreshInterval":250}`), false},
		{"all, but which", policy(`{"type":"ALL","value":"event/"}`, one), false},
		{"a prefix of nothing", policy(`{"type":"METHOD_PREFIX"}`, one), false},
		{"a match of another kind", policy(`{"type":"REGEXP","value":"x"}`, one), false},
		{"no match", `[{"type":"ENTERPRISE","policies":[{"rules":{"maxConcurrent":1}}]}]`, false},
		{"a hundred and one", many(101), false},
		{"as many kinds", "[" + strings.Repeat(`{"type":"SYSTEM"},`, 100) + `{"type":"SYSTEM"}]`, false},
	} {
		if got := areRateLimits(c.value); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
