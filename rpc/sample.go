package rpc

import (
	"encoding/json"

	"github.com/portico-vco/portico/auth"
)

// A Sample shows a method at work, for the documents: one call of it, and the numbers of the errors that it was heard to answer.
type Sample struct {
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Errors []int           `json:"errors,omitempty"`
}

// examples are in the form of OpenRPC, where params stand in their order.
func (r *row) examples(s Sample) []openExample {
	if s.Result == nil {
		return nil
	}
	e := openExample{Name: "example", Params: []openExampleValue{}, Result: openExampleValue{"result", s.Result}}
	var given map[string]json.RawMessage
	_ = json.Unmarshal(s.Params, &given) // what is no object has no names
	for _, p := range r.shape.members {
		if v, ok := given[p.name]; ok {
			e.Params = append(e.Params, openExampleValue{p.name, v})
		}
	}
	return []openExample{e}
}

// errors are those that a method may answer: what follows from its rule and its params, what it was heard to answer, and what any
// method may.
func (r *row) errors(s Sample) (all []errorDoc) {
	may := map[code]bool{codeRequest: true, codeInternal: true, codeBusy: true}
	if len(r.shape.members) > 0 {
		may[codeParams] = true
	}
	if !r.Rule.IsPublic() {
		may[codeSession] = true
		may[codePrivilege] = true // a client's scope may leave out any
		may[codeCaller] = len(r.Rule.Principals()) < len(auth.Callers) || len(r.Rule.UserTypes()) > 0
	}
	_, within := r.shape.byName["enterpriseId"]
	may[codeTenant] = within || r.scope.of != auth.NoType
	may[codeTLS] = r.Private
	for _, n := range s.Errors {
		may[code(n)] = true
	}
	for _, e := range errorDocs {
		if may[e.code] {
			all = append(all, e)
		}
	}
	return all
}
