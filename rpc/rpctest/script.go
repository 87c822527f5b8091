package rpctest

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A turn is one call and what is expected of its answer.
type turn struct {
	line    int
	as      string // set: from here on, calls are made as somebody else
	verb    string
	path    string
	body    string
	headers []string

	answered    bool
	status      int
	want        string
	wantHeaders []string
}

// read reads a file of turns.
func read(file string) ([]*turn, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var turns []*turn
	var more *string // what an indented line goes on with
	in := bufio.NewScanner(f)
	in.Buffer(nil, 4<<20)
	for n := 1; in.Scan(); n++ {
		line := strings.TrimRight(in.Text(), " \t\r")
		switch {
		case strings.TrimSpace(line) == "" || line[0] == '#':
			continue
		case (line[0] == ' ' || line[0] == '\t') && more != nil:
			*more += "\n" + line
			continue
		}
		var err error
		if turns, more, err = add(turns, n, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
	return turns, in.Err()
}

// add reads one line that is not indented.
func add(turns []*turn, n int, line string) ([]*turn, *string, error) {
	mark, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch mark {
	case "as":
		return append(turns, &turn{line: n, as: rest}), nil, nil
	case "-->":
		t := &turn{line: n, verb: "POST", status: 200}
		if !strings.HasPrefix(rest, "/") {
			t.verb, rest, _ = strings.Cut(rest, " ")
		}
		t.path, t.body, _ = strings.Cut(rest, " ")
		return append(turns, t), &t.body, nil
	}
	if len(turns) == 0 || turns[len(turns)-1].as != "" {
		return nil, nil, fmt.Errorf("%q without a call before it", mark)
	}
	t := turns[len(turns)-1]
	switch mark {
	case "-->h":
		t.headers = append(t.headers, rest)
	case "<--":
		t.answered = true
		if word, after, _ := strings.Cut(rest, " "); len(word) == 3 {
			if status, err := strconv.Atoi(word); err == nil {
				t.status, rest = status, after
			}
		}
		t.want = rest
		return turns, &t.want, nil
	case "<-h":
		t.wantHeaders = append(t.wantHeaders, rest)
	default:
		return nil, nil, fmt.Errorf("%q begins no line", mark)
	}
	return turns, nil, nil
}
