package account

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzEventRule: a rule is refused, or judges every event, and its opposite judges the other way round.
func FuzzEventRule(f *testing.F) {
	for op := range eventOps {
		f.Add("message", op, "user x", "", "user x")
	}
	for op := range negated {
		f.Add("user", op, "a", "b", "ab")
	}
	f.Add("severity", "greaterOrEquals", "INFO", "", "EMERGENCY")
	f.Add("detail", "isNull", "", "", "")
	f.Fuzz(func(t *testing.T, field, op, one, two, text string) {
		e := &Event{Name: text, Actor: text, Severity: text, Message: text, Detail: json.RawMessage(text)}
		judge := func(op string) (fits, ok bool) {
			for _, values := range [][]string{nil, {one}, {one, two}} {
				match, err := matcher([]EventRule{{field, op, values}, {field, op, values}})
				if err == nil {
					fits, ok = match(e), true
				}
			}
			return fits, ok
		}
		fits, ok := judge(op)
		if positive, is := negated[op]; is && ok {
			if other, _ := judge(positive); other == fits {
				t.Errorf("%q %s and %s %q, %q: %v for %q", field, op, positive, one, two, fits, text)
			}
		}
	})
}

// FuzzSettings: each property takes a value or refuses it, and what it has taken can be read.
func FuzzSettings(f *testing.F) {
	for i, s := range settings {
		f.Add(uint(i), s.value)
	}
	for _, s := range []string{
		"", " ", "null", "{}", "[]", `{"strength":null}`, `{"strength":{"minlength":8,"minlength":9}}`, `{"expiry":{"days":1e3}}`, `[{}]`, `[{"type":"SYSTEM","policies":[{}]}]`,
		`[{"type":"SYSTEM","enabled":true,"policies":[{"match":{"type":"ALL"},"rules":{"maxConcurrent":1}}]}]`, "9223372036854775808", "\x00", "\u2003",
	} {
		for i := range settings {
			f.Add(uint(i), s)
		}
	}
	f.Fuzz(func(t *testing.T, n uint, value string) {
		s := settings[n%uint(len(settings))]
		if s.check == nil || !s.check(value) {
			return
		}
		p, err := parsePolicy(value)
		if err != nil {
			if s == tenantPolicy.Setting || s == operatorPolicy.Setting {
				t.Fatalf("%s takes %q, which is no policy: %v", s.name, value, err)
			}
			return
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parsePolicy(string(b)); err != nil || !reflect.DeepEqual(p, again) {
			t.Errorf("%q is %+v, and once more %+v, %v", value, p, again, err)
		}
		if p.Strength.Least < 8 || p.Strength.Most > 256 || p.Strength.Most < p.Strength.Least {
			t.Errorf("%q allows %+v", value, p.Strength)
		}
	})
}
