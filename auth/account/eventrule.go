package account

import (
	"slices"
	"strings"

	"github.com/portico-vco/portico/auth"
)

// An EventRule keeps the events of which a field stands in a relation to the values.
type EventRule struct {
	Field  string
	Op     string
	Values []string
}

// Each rule and value is tried on every event that is read, so there is a limit to them.
const (
	maxRules  = 20
	maxValues = 100
)

var eventFields = map[string]func(*Event) string{
	"event":    func(e *Event) string { return e.Name },
	"user":     func(e *Event) string { return e.Actor },
	"severity": func(e *Event) string { return e.Severity },
	"message":  func(e *Event) string { return e.Message },
	"detail":   func(e *Event) string { return string(e.Detail) },
	// What these name does not exist here, so they are null in every event.
	"edgeName":    func(*Event) string { return "" },
	"gatewayName": func(*Event) string { return "" },
	"segmentName": func(*Event) string { return "" },
}

// eventOps are the published relations, each for one value; those with several values ask whether any fits.
var eventOps = map[string]func(have, want string) bool{
	"is":              func(h, w string) bool { return h == w },
	"startsWith":      strings.HasPrefix,
	"endsWith":        strings.HasSuffix,
	"contains":        strings.Contains,
	"greaterOrEquals": func(h, w string) bool { return h >= w },
	"lesserOrEquals":  func(h, w string) bool { return h <= w },
	"in":              func(h, w string) bool { return h == w },
}

// negated are the published relations that turn one of the above round.
var negated = map[string]string{
	"is not": "is", "isNot": "is", "notStartsWith": "startsWith", "notEndsWith": "endsWith", "notContains": "contains", "notIn": "in",
}

// matcher joins the rules: an event must fit every one.
func matcher(rules []EventRule) (func(*Event) bool, error) {
	values := 0
	for _, r := range rules {
		values += len(r.Values)
	}
	if len(rules) > maxRules || values > maxValues {
		return nil, auth.BadField("filter.rules", "are more than %d, or have more than %d values", maxRules, maxValues)
	}
	var tests []func(*Event) bool
	for _, r := range rules {
		t, err := r.test()
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	return func(e *Event) bool {
		return !slices.ContainsFunc(tests, func(t func(*Event) bool) bool { return !t(e) })
	}, nil
}

func (r EventRule) test() (func(*Event) bool, error) {
	field, ok := eventFields[r.Field]
	if r.Field == "severity" && (r.Op == "greaterOrEquals" || r.Op == "lesserOrEquals") {
		return r.testSeverity()
	}
	if !ok {
		return nil, auth.BadField("filter.rules.field", "%q is not a field of events", r.Field)
	}
	switch r.Op {
	case "isNull":
		return func(e *Event) bool { return field(e) == "" }, nil
	case "isNotNull":
		return func(e *Event) bool { return field(e) != "" }, nil
	}
	name, not := r.Op, false
	if positive, ok := negated[r.Op]; ok {
		name, not = positive, true
	}
	op, ok := eventOps[name]
	if !ok {
		return nil, auth.BadField("filter.rules.op", "%q is not a relation", r.Op)
	}
	if len(r.Values) == 0 {
		return nil, auth.BadField("filter.rules.values", "is required for %q", r.Op)
	}
	return func(e *Event) bool {
		fits := slices.ContainsFunc(r.Values, func(w string) bool { return op(field(e), w) })
		return fits != not
	}, nil
}

// severities from the mildest: greater is more severe.
var severities = []string{"DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"}

// testSeverity compares ranks: by their letters ERROR would be above CRITICAL.
func (r EventRule) testSeverity() (func(*Event) bool, error) {
	if len(r.Values) != 1 || !slices.Contains(severities, r.Values[0]) {
		return nil, auth.BadField("filter.rules.values", "is not one severity")
	}
	least := slices.Index(severities, r.Values[0])
	return func(e *Event) bool {
		rank := slices.Index(severities, e.Severity)
		if r.Op == "greaterOrEquals" {
			return rank >= least
		}
		return rank <= least
	}, nil
}
