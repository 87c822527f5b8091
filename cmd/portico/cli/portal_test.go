package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fake is a portal that answers every call with what answer makes of it.
func fake(t *testing.T, answer func(params map[string]any) string) *Portal {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call struct{ Params map[string]any }
		_ = json.NewDecoder(r.Body).Decode(&call)
		_, _ = io.WriteString(w, answer(call.Params))
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return &Portal{
		URL: s.URL, Timeout: 5 * time.Second, CAName: "a file",
		CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}),
	}
}

func result(text string) string { return `{"jsonrpc":"2.0","id":1,"result":` + text + `}` }

// lists runs a command that lists, and answers what is printed.
func lists(t *testing.T, p *Portal, form string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := Command{Columns: []string{"id", "name"}}
	err := c.Do(t.Context(), "a/list", Params{}, Run{
		Portal: p, Output: Output{W: &out, Form: form, Local: time.UTC}, Counted: func(_, _ int64) {}, Tell: func(string) {},
	})
	return out.String(), err
}

// What a portal answers that is none, or that is one's enemy, ends in an error that says so. Nothing of it reaches a terminal as it is.
func TestHostile(t *testing.T) {
	t.Parallel()
	n := 0
	for name, c := range map[string]struct {
		answer func(map[string]any) string
		says   string
	}{
		"nothing":             {func(map[string]any) string { return "" }, "is it a portal?"},
		"a page":              {func(map[string]any) string { return "<html>" }, "is it a portal?"},
		"neither":             {func(map[string]any) string { return `{"jsonrpc":"2.0","id":1}` }, "is it a portal?"},
		"null":                {func(map[string]any) string { return result("null") }, "a list was to be there"},
		"a number":            {func(map[string]any) string { return result("1") }, "is not what it should be"},
		"no pages":            {func(map[string]any) string { return result("[]") }, "is not what it should be"},
		"rows that are none":  {func(map[string]any) string { return result(`{"metaData":{},"data":[1,null,"x"]}`) }, "an object was to be there"},
		"more, but not where": {func(map[string]any) string { return result(`{"metaData":{"more":true},"data":[]}`) }, "a list was to be there"},
		"no end": {func(map[string]any) string {
			return result(`{"metaData":{"more":true,"nextPageLink":"x"},"data":[]}`)
		}, "a list was to be there"},
		"an error that draws": {func(map[string]any) string {
			return `{"error":{"code":-32002,"message":"\u001b[2Jno\u202e","data":{"x":"` + "\u009b" + `1m"}}}`
		}, `error -32002: \u001b[2Jno\u202e` + "\n" + `{"x":"\u009b1m"}`},
		"an error without words": {func(map[string]any) string { return `{"error":{"code":5}}` }, "error 5: no message"},
		"an end without rows": {func(map[string]any) string {
			n++
			return result(fmt.Sprintf(`{"metaData":{"more":%v,"nextPageLink":"%d"},"data":[]}`, n < 3, n))
		}, ""},
	} {
		out, err := lists(t, fake(t, c.answer), "table")
		if c.says == "" {
			if err != nil || out != "ID  NAME\n" {
				t.Errorf("%s: %v, %q", name, err, out)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
		var refused *Error
		var none *UnreachableError
		if errors.As(err, &refused) == errors.As(err, &none) {
			t.Errorf("%s: got %T", name, err)
		}
		if strings.ContainsFunc(out+err.Error(), func(r rune) bool { return r != '\n' && hidden(r) }) {
			t.Errorf("%s: %q", name, out+err.Error())
		}
	}
}

// A list of many pages is all there, in every form, and is asked for a page at a time.
func TestPages(t *testing.T) {
	t.Parallel()
	const all = 1234
	p := fake(t, func(params map[string]any) string {
		at := 0
		_, _ = fmt.Sscan(fmt.Sprint(params["nextPageLink"]), &at)
		limit := int(params["limit"].(float64))
		rows := []map[string]any{}
		for i := at; i < min(at+limit, all); i++ {
			rows = append(rows, map[string]any{"id": i, "name": fmt.Sprintf("n%d", i)})
		}
		page, _ := json.Marshal(map[string]any{
			"metaData": map[string]any{"limit": limit, "more": at+limit < all, "nextPageLink": fmt.Sprint(at + limit)}, "data": rows,
		})
		return result(string(page))
	})
	for form, lines := range map[string]int{"table": all + 1, "csv": all + 1, "json": 4*all + 2} {
		out, err := lists(t, p, form)
		if got := strings.Count(out, "\n"); err != nil || got != lines || !strings.Contains(out, "n1233") {
			t.Errorf("%s: %d lines, %v", form, got, err)
		}
	}
	seen := 0
	err := p.pages(t.Context(), "a/list", Params{}, 700, func(json.RawMessage) error { seen++; return nil })
	if err != nil || seen != 700 {
		t.Errorf("%d rows, %v", seen, err)
	}
}

// Nobody waits for ever, and what cannot be verified is not told anything.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	asked := 0
	p := fake(t, func(map[string]any) string { asked++; return result("[]") })
	for name, c := range map[string]struct {
		change func(*Portal)
		says   string
	}{
		"nobody vouches":  {func(p *Portal) { p.CA = nil }, "--cacert"},
		"another name":    {func(p *Portal) { p.URL = strings.Replace(p.URL, "127.0.0.1", "localhost", 1) }, "not localhost"},
		"no certificates": {func(p *Portal) { p.CA = []byte("x") }, "no certificate in a file"},
		"no TLS":          {func(p *Portal) { p.URL = strings.Replace(p.URL, "https", "http", 1) }, "400"},
		"nobody":          {func(p *Portal) { p.URL = "https://127.0.0.1:1" }, "refused"},
	} {
		other := &Portal{URL: p.URL, CA: p.CA, CAName: p.CAName, Timeout: p.Timeout, Token: "a-secret-token"}
		c.change(other)
		_, err := other.Call(t.Context(), "a", nil)
		var none *UnreachableError
		if !errors.As(err, &none) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
	if asked > 0 {
		t.Errorf("asked %d times", asked)
	}
	hang := make(chan struct{})
	defer close(hang)
	slow := fake(t, func(map[string]any) string { <-hang; return "" })
	slow.Timeout = 50 * time.Millisecond
	var none *UnreachableError
	if _, err := slow.Call(t.Context(), "a", nil); !errors.As(err, &none) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	slow.Timeout = time.Minute
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := slow.Call(ctx, "a", nil); errors.As(err, &none) || err == nil {
		t.Errorf("got %v", err)
	}
}

// Events that are written with an older time, or two at the same time, are shown, and none twice.
func TestFollow(t *testing.T) {
	t.Parallel()
	at := func(id int, time string) string {
		return fmt.Sprintf(`{"id":%d,"eventTime":"2026-11-22T%sZ"}`, id, time)
	}
	polls := [][]string{ // newest first
		{at(2, "10:00:00.000"), at(1, "09:00:00.000")},
		{at(4, "10:00:00.000"), at(2, "10:00:00.000"), at(3, "09:59:30.000")},
		nil, // the portal fails
		{at(5, "10:00:01.000"), at(4, "10:00:00.000"), at(2, "10:00:00.000"), at(3, "09:59:30.000")},
		{at(6, "12:00:00.000")},
		{at(6, "12:00:00.000")},
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	var starts []string
	p := fake(t, func(params map[string]any) string {
		if n == len(polls) {
			cancel()
			return ""
		}
		interval, _ := params["interval"].(map[string]any)
		starts = append(starts, fmt.Sprint(interval["start"]))
		n++
		if polls[n-1] == nil {
			return `{"error":{"code":-32603,"message":"internal"}}`
		}
		return result(`{"metaData":{"more":false},"data":[` + strings.Join(polls[n-1], ",") + `]}`)
	})
	var out bytes.Buffer
	var told []string
	tail := Tail{Method: "event/list", Params: Params{}, Lines: 5, Every: time.Millisecond}
	err := tail.Follow(ctx, Run{Portal: p, Output: Output{W: &out, Form: "json"}, Tell: func(s string) { told = append(told, s) }, Counted: func(_, _ int64) {}})
	var got []string
	for line := range strings.Lines(out.String()) {
		var e struct{ ID int }
		_ = json.Unmarshal([]byte(line), &e)
		got = append(got, fmt.Sprint(e.ID))
	}
	if err != nil || strings.Join(got, " ") != "1 2 3 4 5 6" || len(told) != 2 {
		t.Errorf("%v: got %q, told %q", err, got, told)
	}
	want := "<nil> 2026-11-22T09:59:00.000Z 2026-11-22T09:59:00.000Z 2026-11-22T09:59:00.000Z 2026-11-22T09:59:01.000Z 2026-11-22T11:59:00.000Z"
	if strings.Join(starts, " ") != want {
		t.Errorf("asked since %q", starts)
	}
}
