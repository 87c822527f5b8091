package auth

// A Lifecycle is the one table of a record's moves: from a state, by an event, to a state.
// What is not in the table is a Conflict.
type Lifecycle[S, E ~string] map[S]map[E]S

// Next answers the state that follows, or a Conflict that names the state which forbids it.
func (l Lifecycle[S, E]) Next(from S, by E) (S, error) {
	to, ok := l[from][by]
	if !ok {
		return from, Errorf(Conflict, "cannot %s: state is %s", string(by), string(from))
	}
	return to, nil
}
