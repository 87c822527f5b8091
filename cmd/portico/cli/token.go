package cli

func one(of string) Param {
	return Param{Name: "ID", Path: "id", Kind: Number, Word: true, Required: true, About: "the number of the " + of}
}

// TokenLimits are the limits that a token is made with.
var TokenLimits = []Param{
	{Name: "privilege", Path: "limits.privileges", Kind: Texts, About: "`PRIVILEGES` such as READ:ENTERPRISE that it has at most; repeatable"},
	{Name: "method", Path: "limits.methods", Kind: Texts,
		About: "`METHODS` such as enterprise/getEnterprise, or enterprise/*, that alone it is for; repeatable"},
	{Name: "source", Path: "limits.sources", Kind: Texts, About: "`ADDRESSES` and networks that alone it may be used from; repeatable"},
	{Name: "enterprise", Path: "limits.enterpriseId", Kind: Number, About: "`ID` of the enterprise below yours that alone it is for"},
}

func tokens() Group {
	columns := []string{"id", "name", "state", "created", "expiration", "lastUsed", "lastUsedFrom"}
	return Group{"token", "API tokens", []Command{
		{Name: "create", About: "make an API token, which is pending until its owner downloads it; prints its number",
			Of: Methods{Own: "apiToken/create"}, Does: Makes, Params: append([]Param{
				{Name: "NAME", Path: "name", Word: true, Required: true},
				{Name: "lifetime", Path: "lifetimeMs", Kind: Lifetime, Required: true, About: "`TIME` that it lives, such as 90d or 12h"},
				{Name: "description", Path: "description", About: "`TEXT` about it"},
				{Name: "user", Path: "userId", Kind: Number, About: "`ID` of its owner, if that is not you"},
			}, TokenLimits...)},
		{Name: "list", About: "list API tokens: your own, a user's, or those of a tenant that you may handle",
			Of:      Methods{"apiToken/list", "enterprise/getApiTokens", "enterpriseProxy/getApiTokens", "network/getApiTokens"},
			Columns: columns, Params: []Param{{Name: "user", Path: "userId", Kind: Number, Own: true, About: "`ID` of a user, if that is not you"}}},
		{Name: "show", About: "show an API token, but never its text", Of: Methods{Own: "apiToken/get"}, Does: Shows,
			Columns: append(columns, "description", "tokenUuid", "downloaded", "modified", "tenantName",
				"createdForEnterpriseUserId", "createdForOperatorUserId",
				"limits", "successorId", "predecessorId", "againstPolicy"),
			Params: []Param{one("API token")}},
		{Name: "download", About: "make the text of a pending API token of yours, and enable it: this once",
			Of: Methods{Own: "apiToken/download"}, Does: Changes, Once: "token", Params: []Param{one("API token")},
			Done: "the text was made and shown this one time: nobody can get it again"},
		{Name: "rotate", About: "make a successor of an API token of yours, with its name and limits; for a while the old text is good, too",
			Of: Methods{Own: "apiToken/rotate"}, Does: Changes, Once: "token", Columns: []string{"id", "expiration", "predecessorExpiration"},
			Done: "the new text was made and shown this one time: nobody can get it again",
			Params: []Param{one("API token"),
				{Name: "overlap", Path: "overlapMs", Kind: Lifetime, About: "`TIME` that the old text is good, such as 7d; without it a day"}}},
		{Name: "revoke-many", About: "end for good the API tokens that fit all that is named: of an organisation that you manage, else your own",
			Of: organisation("apiToken/revokeMany"), Does: Shows, Columns: []string{"matched", "revoked", "more"}, Params: []Param{
				{Name: "user", Path: "userId", Kind: Number, About: "`ID` of the owner"},
				{Name: "role", Path: "roleId", Kind: Number, About: "`ID` of the role that the owner has"},
				{Name: "unused-for", Path: "unusedSince", Kind: Ago, About: "`TIME` for which they were not used, such as 90d"},
				{Name: "older-than", Path: "createdBefore", Kind: Ago, About: "`TIME` since they were made"},
				{Name: "longer-than", Path: "expiresAfter", Kind: Ahead, About: "`TIME` for which they would live on"},
				{Name: "name-prefix", Path: "namePrefix", About: "`TEXT` that their names begin with"},
				{Name: "state", Path: "state", About: "`STATE` that they are in: PENDING or ENABLED"},
				{Name: "without-limits", Path: "withoutLimits", Kind: Flag, About: "those that have no limits"},
				{Name: "dry-run", Path: "dryRun", Kind: Flag, About: "count them, and revoke none"},
			}},
		{Name: "policy", About: "show what is asked of API tokens here; portico property set portico.apiToken.policy changes it",
			Of: organisation("apiToken/getPolicy"), Does: Shows, Columns: []string{"maxLifetimeMs", "idleMs", "maxOverlapMs", "require"}},
		{Name: "revoke", About: "end an API token for good", Of: Methods{Own: "apiToken/revoke"}, Does: Changes,
			Params: []Param{one("API token")}, Done: "the API token is revoked"},
	}}
}
