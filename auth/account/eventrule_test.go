package account

import "testing"

func TestEventRules(t *testing.T) {
	e := &Event{Name: "CREATE_USER", Actor: "admin@acme.example", Severity: "INFO", Message: "user x"}
	for _, c := range []struct {
		field, op string
		values    []string
		want      bool
	}{
		{"event", "is", []string{"CREATE_USER"}, true},
		{"event", "is", []string{"create_user"}, false},
		{"event", "is not", []string{"CREATE_USER"}, false},
		{"event", "isNot", []string{"DELETE_USER"}, true},
		{"edgeName", "isNull", nil, true},
		{"user", "isNull", nil, false},
		{"user", "isNotNull", nil, true},
		{"user", "startsWith", []string{"admin"}, true},
		{"user", "notStartsWith", []string{"admin"}, false},
		{"user", "endsWith", []string{".example"}, true},
		{"user", "notEndsWith", []string{".example"}, false},
		{"message", "contains", []string{"r x"}, true},
		{"message", "notContains", []string{"r x"}, false},
		{"severity", "greaterOrEquals", []string{"INFO"}, true},
		{"severity", "greaterOrEquals", []string{"CRITICAL"}, false},
		{"severity", "lesserOrEquals", []string{"CRITICAL"}, true},
		{"severity", "lesserOrEquals", []string{"DEBUG"}, false},
		{"message", "greaterOrEquals", []string{"user"}, true},
		{"message", "lesserOrEquals", []string{"user"}, false},
		{"event", "in", []string{"DELETE_USER", "CREATE_USER"}, true},
		{"event", "notIn", []string{"DELETE_USER", "CREATE_USER"}, false},
	} {
		match, err := matcher([]EventRule{{c.field, c.op, c.values}})
		if err != nil {
			t.Fatal(err)
		}
		if got := match(e); got != c.want {
			t.Errorf("%s %s %v: got %v", c.field, c.op, c.values, got)
		}
	}
	for _, r := range []EventRule{{"password", "is", []string{"x"}}, {"event", "like", []string{"x"}}, {"event", "is", nil}, {"severity", "greaterOrEquals", []string{"BAD"}}} {
		if _, err := matcher([]EventRule{r}); err == nil {
			t.Errorf("%v was accepted", r)
		}
	}
}
