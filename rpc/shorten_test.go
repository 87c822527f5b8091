package rpc_test

import (
	"encoding/json"
	"fmt"
	"regexp"
)

var shortError = regexp.MustCompile(`E[0-9]*-[0-9]+`)

// quoteErrors makes JSON of text with short errors: E-32600 has the id null, E1-32600 the id 1.
func quoteErrors(s string) string {
	return shortError.ReplaceAllString(s, `"$0"`)
}

// shorten replaces the errors in an answer by their short form, where want has short ones at all; errors that are the
// methodError stay whole when want spells them out.
func shorten(answer, want string) string {
	var v any
	if !shortError.MatchString(want) && want[0] != 'E' || json.Unmarshal([]byte(answer), &v) != nil {
		return answer
	}
	b, _ := json.Marshal(short(v, regexp.MustCompile(`"message"`).MatchString(want)))
	return string(b)
}

func short(v any, keep bool) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = short(v[i], keep)
		}
	case map[string]any:
		e, ok := v["error"].(map[string]any)
		if !ok || keep && e["message"] == "methodError" || len(v) != 3 || v["jsonrpc"] != "2.0" {
			return v
		}
		id := ""
		if v["id"] != nil {
			id = fmt.Sprint(v["id"])
		}
		return fmt.Sprintf("E%s%.0f", id, e["code"])
	}
	return v
}
