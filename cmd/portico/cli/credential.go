package cli

func credentials() Group {
	columns := []string{"id", "username", "status", "description", "verifiedAt", "lastUpdated"}
	id := one("credential")
	full := map[string]any{"view": "Full"} // to whom it is not shown it is ignored for
	password := func(path string, required bool) Param {
		return Param{Name: "password-file", Path: path, Kind: Secret, Required: required,
			About: "`FILE` with the password, - for stdin; at a terminal you are asked"}
	}
	user := Param{Name: "user", Path: "userId", Kind: Number, Required: true, About: "`ID` of the user"}
	group := Param{Name: "group", Path: "userGroupId", Kind: Number, Required: true, About: "`ID` of the user group"}
	description := func(path string) Param { return Param{Name: "description", Path: path, About: "`TEXT` about it"} }
	change := func(name, about, method, done string, params ...Param) Command {
		return Command{
			Name: name, About: about, Of: organisation("credential/" + method), Does: Changes, Done: done, Params: append([]Param{id}, params...),
		}
	}
	return Group{"credential", "logins with their passwords, kept for those who may use them", []Command{
		{Name: "list", About: "list credentials: an administrator's organisation's, others' those that they may use",
			Of: organisation("credential/getCredentials"), Columns: columns, Fixed: full, Params: []Param{
				{Name: "user", Path: "userId", Kind: Number, About: "`ID`: only those that are shared with this user"},
				{Name: "group", Path: "userGroupId", Kind: Number, About: "`ID`: only those that are shared with this user group"},
			}},
		{Name: "show", About: "show a credential, but not its password", Of: organisation("credential/getCredential"), Does: Shows, Fixed: full,
			Params: []Param{id}, Columns: append(columns, "createdByEmail", "userIds", "userGroupIds")},
		{Name: "create", About: "keep a login with its password, once it was found good; prints its number", Does: Makes,
			Of: organisation("credential/insertCredential"), Params: []Param{
				{Name: "USERNAME", Path: "username", Word: true, Required: true}, password("password", true), description("description"),
			}},
		change("update", "change the password of a credential, or what is said about it", "updateCredential", "the credential is changed",
			password("_update.newPassword", false), description("_update.description")),
		{Name: "verify", About: "check a login with the password that is kept", Of: organisation("credential/verifyCredential"), Does: Shows,
			Params: []Param{id}, Columns: []string{"outcome", "verifiedAt"}},
		{Name: "use", About: "get the password of a credential; each use is recorded", Of: organisation("credential/useCredential"), Does: Changes,
			Once: "password", Columns: []string{"username"}, Params: []Param{id,
				{Name: "purpose", Path: "purpose", Required: true, About: "`TEXT` that says what it is used for, which is recorded"}}},
		change("share", "let a user use a credential", "shareCredentialWithUser", "it is shared", user),
		change("unshare", "end the share of a user", "unshareCredentialFromUser", "it is not shared with him any more", user),
		change("share-group", "let the members of a user group use a credential", "shareCredentialWithUserGroup", "it is shared", group),
		change("unshare-group", "end the share of a user group", "unshareCredentialFromUserGroup", "it is not shared with it any more", group),
		change("delete", "delete a credential for good", "deleteCredential", "the credential is deleted",
			Param{Name: "force", Path: "force", Kind: Flag, About: "although it is shared"}),
	}}
}
