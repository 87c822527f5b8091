package cli

// Apps and API clients are both clients of OAuth, with secrets of the same kind.

// secrets are the commands about the secrets of a client.
func secrets(of, family string) []Command {
	method := func(verb string) Methods { return organisation(family + "/" + verb) }
	word := map[string]string{"oauthApp": "OauthAppSecret", "apiClient": "ApiClientSecret"}[family]
	id := one(of)
	return []Command{
		{Name: "rotate-secret", About: "make a new secret beside the old one, which lives on for a while", Of: method("rotate" + word),
			Does: Changes, Once: "clientSecret", Done: shownOnce, Params: []Param{id,
				{Name: "overlap", Path: "overlapSec", Kind: Seconds, About: "`TIME` that the old one lives on, such as 1h; without it two days"}}},
		{Name: "end-rotation", About: "end the life of the old secret early", Of: method("end" + word + "Rotation"), Does: Changes,
			Params: []Param{id}, Done: "the old secret is dead"},
		{Name: "regenerate-secret", About: "make a new secret; the old ones and the access tokens are dead at once", Of: method("regenerate" + word),
			Does: Changes, Once: "clientSecret", Done: shownOnce, Params: []Param{id}},
	}
}

const shownOnce = "the secret was made and shown this one time: nobody can get it again"

// keyed is what is given of a client that has keys instead of a secret.
func keyed() []Param {
	return []Param{
		{Name: "auth-method", Path: "authMethod", About: "`HOW` it shows who it is: SECRET or PRIVATE_KEY_JWT"},
		{Name: "jwks-file", Path: "jwks", Kind: JSON, About: "`FILE` with the public keys of the latter, a JSON web key set"},
	}
}

func apps() Group {
	columns := []string{"id", "name", "clientId", "isActive", "authMethod", "created", "lastUsed"}
	id := one("app")
	scope := func(in string) []Param {
		return []Param{
			{Name: "role", Path: in + "scope.roleIds", Kind: Numbers, About: "`IDS` of roles that the app may act in at most; repeatable"},
			{Name: "privilege", Path: in + "scope.privileges", Kind: Texts,
				About: "`PRIVILEGES` such as READ:ENTERPRISE that it may have at most; repeatable"},
			{Name: "description", Path: in + "description", About: "`TEXT` about it"},
			{Name: "access-token-lifetime", Path: in + "accessTokenTtlSec", Kind: Seconds, About: "`TIME` that its access tokens live, such as 30m"},
		}
	}
	return Group{"app", "OAuth apps", append([]Command{
		{Name: "list", About: "list the OAuth apps of an organisation", Of: organisation("oauthApp/getOauthApps"), Columns: columns},
		{Name: "show", About: "show an OAuth app", Of: organisation("oauthApp/getOauthApp"), Does: Shows, Params: []Param{id},
			Fixed:   map[string]any{"with": []string{"grants", "secrets"}},
			Columns: append(columns, "description", "scope", "scopeVersion", "accessTokenTtlSec", "secrets", "grants")},
		{Name: "create", About: "make an OAuth app; its secret is shown this once", Of: organisation("oauthApp/insertOauthApp"), Does: Changes,
			Once: "clientSecret", Columns: []string{"id", "clientId"}, Done: shownOnce,
			Params: append(append([]Param{{Name: "NAME", Path: "name", Word: true, Required: true}}, scope("")...), keyed()...)},
		{Name: "update", About: "change what is named of an OAuth app; --role and --privilege together are its scope then",
			Of: organisation("oauthApp/updateOauthApp"), Does: Changes,
			Done: "the app is changed",
			Params: append([]Param{id, {Name: "name", Path: "_update.name", About: "`NAME` that it gets"},
				{Name: "active", Path: "_update.isActive", Kind: Flag, About: "it gets access tokens; --active=false bars it"}}, scope("_update.")...)},
		{Name: "delete", About: "delete an OAuth app for good", Of: organisation("oauthApp/deleteOauthApp"), Does: Changes, Done: "the app is deleted",
			Params: []Param{id, {Name: "force", Path: "force", Kind: Flag, About: "although other organisations grant it something"}}},
	}, secrets("app", "oauthApp")...)}
}

func clients() Group {
	columns := []string{"id", "clientId", "username", "roleName", "isActive", "isLegacy", "lastUsed"}
	id := one("API client")
	legacy := Param{Name: "legacy", Path: "includeLegacy", Kind: Flag, About: "also those from before this portal"}
	fields := func(in string, required bool) []Param {
		return []Param{
			{Name: "role", Path: in + "roleIds", Kind: Numbers, Required: required, About: "`IDS` of its role, or of its functional roles; repeatable"},
			{Name: "first-name", Path: in + "firstName", Required: required, About: "the first `NAME` of its user"},
			{Name: "last-name", Path: in + "lastName", Required: required, About: "the last `NAME` of its user"},
			{Name: "description", Path: in + "description", About: "`TEXT` about it"},
		}
	}
	return Group{"client", "API clients: service accounts", append([]Command{
		{Name: "list", About: "list the API clients of an organisation", Of: organisation("apiClient/getApiClients"), Columns: columns,
			Params: []Param{legacy}},
		{Name: "show", About: "show an API client", Of: organisation("apiClient/getApiClient"), Does: Shows, Params: []Param{id, legacy},
			Fixed:   map[string]any{"with": []string{"secrets"}},
			Columns: append(columns, "userId", "firstName", "lastName", "description", "authMethod", "created", "modified", "secrets")},
		{Name: "create", About: "make an API client with its user; its secret is shown this once", Of: organisation("apiClient/insertApiClient"),
			Does: Changes, Once: "clientSecret", Columns: []string{"id", "clientId", "username"}, Done: shownOnce,
			Params: append(append([]Param{{Name: "CLIENT-ID", Path: "clientId", Word: true, Required: true}}, fields("", true)...), keyed()...)},
		{Name: "update", About: "change what is named of an API client", Of: organisation("apiClient/updateApiClient"), Does: Changes,
			Done:   "the client is changed",
			Params: append([]Param{id}, fields("_update.", false)...)},
		{Name: "activate", About: "switch an API client on again", Of: organisation("apiClient/activateApiClient"), Does: Changes,
			Params: []Param{id}, Done: "the client is on"},
		{Name: "deactivate", About: "switch an API client off; its access tokens are dead at once", Of: organisation("apiClient/deactivateApiClient"),
			Does: Changes, Params: []Param{id}, Done: "the client is off"},
		{Name: "delete", About: "delete an API client and its user for good", Of: organisation("apiClient/deleteApiClient"), Does: Changes,
			Done:   "the client is deleted",
			Params: []Param{id, {Name: "reassign-to", Path: "reassignToUserId", Kind: Number, About: "`ID` of the user who gets its shares and memberships"}}},
	}, secrets("API client", "apiClient")...)}
}
