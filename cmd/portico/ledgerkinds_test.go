package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
)

// A kind is of things that are made and deleted. Of all of them a writer has a few.
type kind struct {
	suffix               string // of the names
	created, deleted     string // its events
	insert, remove, read string // methods
	params               string // of insert
	name                 func(called) string
	knobs                []*knob
	check                func(l *ledger, w *writer, th *thing, there bool)
}

// called is how answers and events name a thing.
type called struct{ Name, Username, ClientID, Client string }

// A knob is something of a thing that is turned on and off again, or to one value after another.
type knob struct {
	events, methods [2]string // of the turns with odd numbers, and of the even ones
	params          [2]string // behind the thing's number; TURN, USER and GROUP are numbers too, the last two the writer's
	keeps           bool      // the thing is not deleted while it is on
	foreign         bool      // the other tenant turns it, which knows the thing by its client id
	about           func(*told) bool
}

func (c *counter) isOn() bool { return c.last%2 == 1 }

// known says whether the last turn was answered.
func (c *counter) known() bool { return c.sent[c.last] != open }

var (
	users = &kind{
		suffix: "@acme.example", created: "CREATE_USER", deleted: "DELETE_USER",
		insert: "enterprise/insertEnterpriseUser",
		params: `{"enterpriseId":1,"username":%q,"password":"` + demoPassword + `","roleId":12}`,
		remove: "enterpriseUser/deleteEnterpriseUser", read: "enterpriseUser/getEnterpriseUser",
		name: func(n called) string { return n.Username },
	}
	apps = &kind{
		suffix: " app", created: "OAUTH_APP_CREATED", deleted: "OAUTH_APP_DELETED",
		insert: "oauthApp/insertOauthApp", params: `{"name":%q,"scope":{"roleIds":[12]}}`,
		remove: "oauthApp/deleteOauthApp", read: "oauthApp/getOauthApp",
		name: func(n called) string { return n.Name }, knobs: []*knob{grantKnob}, check: (*ledger).checkGrant,
	}
	apiClients = &kind{
		suffix: ".client", created: "API_CLIENT_CREATED", deleted: "API_CLIENT_DELETED",
		insert: "apiClient/insertApiClient", params: `{"clientId":%q,"roleId":9,"firstName":"A","lastName":"Client"}`,
		remove: "apiClient/deleteApiClient", read: "apiClient/getApiClient",
		name:  func(n called) string { return cmp.Or(n.Client, n.ClientID) },
		knobs: []*knob{secretKnob}, check: (*ledger).checkSecret,
	}
	credentials = &kind{
		suffix: " login", created: "CREDENTIAL_CREATED", deleted: "CREDENTIAL_DELETED",
		insert: "credential/insertCredential", params: `{"username":%q,"password":"0"}`,
		remove: "credential/deleteCredential", read: "credential/getCredential",
		name:  func(n called) string { return n.Username },
		knobs: []*knob{passwordKnob, userKnob, groupKnob}, check: (*ledger).checkCredential,
	}
	userGroups = &kind{
		suffix: " group", created: "USER_GROUP_CREATED", deleted: "USER_GROUP_DELETED",
		insert: "userGroup/insertUserGroup", params: `{"name":%q}`,
		remove: "userGroup/deleteUserGroup", read: "userGroup/getUserGroup",
		name: func(n called) string { return n.Name }, knobs: []*knob{memberKnob}, check: (*ledger).checkMembership,
	}
	kinds = []*kind{users, apps, apiClients, credentials, userGroups}
)

var (
	grantKnob = &knob{
		events:  [2]string{"OAUTH_APP_GRANTED", "OAUTH_APP_UNGRANTED"},
		methods: [2]string{"oauthApp/insertOauthAppGrant", "oauthApp/deleteOauthAppGrant"},
		params:  [2]string{`,"roleIds":[12]`}, keeps: true, foreign: true,
	}
	secretKnob   = turning("API_CLIENT_SECRET_REGENERATED", "apiClient/regenerateApiClientSecret", "")
	passwordKnob = turning("CREDENTIAL_UPDATED", "credential/updateCredential", `,"_update":{"newPassword":"TURN"}`)
	userKnob     = sharing("User", `,"userId":USER`, func(e *told) bool { return e.detail.UserID != 0 })
	groupKnob    = sharing("UserGroup", `,"userGroupId":GROUP`, func(e *told) bool { return e.detail.UserGroupID != 0 })
	memberKnob   = &knob{
		events:  [2]string{"USER_GROUP_MEMBERS_ADDED", "USER_GROUP_MEMBER_REMOVED"},
		methods: [2]string{"userGroup/addUserGroupMembers", "userGroup/removeUserGroupMember"},
		params:  [2]string{`,"userIds":[USER]`, `,"userId":USER`},
	}
)

func turning(event, method, params string) *knob {
	return &knob{events: [2]string{event, event}, methods: [2]string{method, method}, params: [2]string{params, params}}
}

func sharing(what, params string, about func(*told) bool) *knob {
	return &knob{
		events:  [2]string{"CREDENTIAL_SHARED", "CREDENTIAL_UNSHARED"},
		methods: [2]string{"credential/shareCredentialWith" + what, "credential/unshareCredentialFrom" + what},
		params:  [2]string{params, params}, about: about,
	}
}

// turned is the knob that an event tells of, or nil.
func (k *kind) turned(e *told) *knob {
	for _, d := range k.knobs {
		if slices.Contains(d.events[:], e.Event) && (d.about == nil || d.about(e)) {
			return d
		}
	}
	return nil
}

// turnOne turns a knob of a thing, or uses it.
func (l *ledger) turnOne(w *writer, th *thing, chance *rand.Rand) bool {
	if len(th.knobs) == 0 {
		return true
	}
	if c := th.knobs[userKnob]; c != nil && c.isOn() && c.known() && th.knobs[passwordKnob].known() && chance.IntN(4) == 0 {
		w.touched[th] = true
		return l.use(l.urlOf(w), w.as, th, true) == nil
	}
	return l.turn(w, th, pick(chance, th.kind.knobs))
}

func (l *ledger) turn(w *writer, th *thing, d *knob) bool {
	c := th.knobs[d]
	if !c.known() {
		return true
	}
	w.touched[th] = true
	turn := c.last + 1
	as, of := w.as, fmt.Sprintf(`"id":%d`, th.id)
	if d.foreign {
		as, of = l.globex, fmt.Sprintf(`"clientId":%q`, th.clientID)
	}
	numbers := strings.NewReplacer("TURN", fmt.Sprint(turn), "USER", fmt.Sprint(w.id), "GROUP", fmt.Sprint(w.group))
	var answer inserted
	ok := l.count(w, c, as, &answer, d.methods[1-turn%2], "{%s%s}", of, numbers.Replace(d.params[1-turn%2]))
	if ok && d == secretKnob {
		th.text, th.before, th.toldAt = answer.ClientSecret, th.text, turn
	}
	return ok
}

// use asks for the password of a credential. It must be the last one, or refused where the caller has no share.
func (l *ledger) use(url string, as header, th *thing, shared bool) error {
	var is struct{ Password string }
	err := l.callAt(url, &is, as, "credential/useCredential", fmt.Sprintf(`{"id":%d,"purpose":"a look"}`, th.id))
	want := fmt.Sprint(th.knobs[passwordKnob].last)
	switch {
	case err == nil:
		th.used++
		if !shared || is.Password != want {
			l.t.Errorf("%s opens to %q; to open: %v, to %q", th.name, is.Password, shared, want)
		}
	case !errors.Is(err, errRefused):
		th.maybeUsed++
	case shared:
		l.t.Errorf("%s does not open: %v", th.name, err)
	}
	return err
}

// checkCredential sees with whom it is shared, and what it opens to for them.
func (l *ledger) checkCredential(w *writer, th *thing, there bool) {
	var is struct{ UserIDs, UserGroupIDs []int64 }
	if there {
		l.must(&is, w.as, th.kind.read, `{"id":%d,"view":"Full"}`, th.id)
	}
	for _, c := range []struct {
		knob *knob
		list []int64
		with int64
		as   header
	}{
		{userKnob, is.UserIDs, w.id, w.as},
		{groupKnob, is.UserGroupIDs, w.group, l.asService},
	} {
		shared := there && th.knobs[c.knob].isOn()
		if slices.Contains(c.list, c.with) != shared {
			l.t.Errorf("%s is shared with %v; with number %d: %v", th.name, c.list, c.with, shared)
		}
		err := l.insist(func() error { return l.use(l.anyURL(), c.as, th, shared) })
		if err != nil && !errors.Is(err, errRefused) {
			l.t.Errorf("%s: %v", th.name, err)
		}
	}
}

func (l *ledger) checkMembership(w *writer, th *thing, there bool) {
	if !there {
		return
	}
	var is struct{ MemberCount int }
	l.must(&is, w.as, th.kind.read, `{"id":%d}`, th.id)
	if is.MemberCount != th.knobs[memberKnob].last%2 {
		l.t.Errorf("%s has %d members, after %d turns", th.name, is.MemberCount, th.knobs[memberKnob].last)
	}
}

func (l *ledger) checkGrant(_ *writer, th *thing, _ bool) {
	var list []struct{ Name string }
	l.must(&list, l.globex, "oauthApp/getOauthAppGrants", `{}`)
	granted := slices.ContainsFunc(list, func(g struct{ Name string }) bool { return g.Name == th.name })
	if granted != th.knobs[grantKnob].isOn() {
		l.t.Errorf("%s is granted something: %v, after %d turns", th.name, granted, th.knobs[grantKnob].last)
	}
}

// checkSecret: the last secret works, if it was told, and none before it.
func (l *ledger) checkSecret(_ *writer, th *thing, there bool) {
	good := there && th.toldAt == th.knobs[secretKnob].last
	if th.text != "" && (l.accessToken(th.name, th.text) != "") != good {
		l.t.Errorf("%s: its secret of turn %d works: %v, after %d turns", th.name, th.toldAt, !good, th.knobs[secretKnob].last)
	}
	if th.before != "" && l.accessToken(th.name, th.before) != "" {
		l.t.Errorf("%s: a secret of before turn %d works", th.name, th.toldAt)
	}
}

// accessToken is what a client gets for its secret: nothing, if it is refused.
func (l *ledger) accessToken(id, secret string) (text string) {
	l.t.Helper()
	err := l.insist(func() (err error) {
		text, err = l.askAccessToken(id, secret)
		return err
	})
	if err != nil && !errors.Is(err, errRefused) {
		l.t.Errorf("an access token of %s: %v", id, err)
	}
	return text
}

func (l *ledger) askAccessToken(id, secret string) (string, error) {
	res, err := l.client.PostForm(l.anyURL()+"/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret},
	})
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var is struct {
		AccessToken string `json:"access_token"`
		Error       string
	}
	err = json.NewDecoder(res.Body).Decode(&is)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", res.Status, err)
	case res.StatusCode == 401 || res.StatusCode == 429:
		return "", errRefused
	case is.AccessToken == "":
		return "", fmt.Errorf("%s: %s", res.Status, is.Error)
	}
	return is.AccessToken, nil
}
