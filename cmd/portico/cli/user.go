package cli

// userFamilies are the methods about users: a family for each kind of tenant.
func userFamilies(enterprise, partner, operator string) Methods {
	return Methods{enterprise, enterprise, partner, operator}
}

func users() Group {
	columns := []string{"id", "username", "firstName", "lastName", "roleName", "isActive", "isLocked", "lastLogin"}
	who := Param{Name: "USER", Path: "id", Or: "username", Kind: Number, Word: true, Required: true}
	fields := func(in string) []Param {
		return []Param{
			{Name: "first-name", Path: in + "firstName", About: "the first `NAME`"},
			{Name: "last-name", Path: in + "lastName", About: "the last `NAME`"},
			{Name: "email", Path: in + "email", About: "`ADDRESS` for mails"},
			{Name: "office-phone", Path: in + "officePhone", About: "telephone `NUMBER` at work"},
			{Name: "mobile-phone", Path: in + "mobilePhone", About: "telephone `NUMBER` of his own"},
			{Name: "active", Path: in + "isActive", Kind: Flag, About: "the user may log in; --active=false bars him"},
			{Name: "access-level", Path: in + "accessLevel", About: "`LEVEL`: BASIC or PRIVILEGED"},
		}
	}
	role := Param{Name: "role", Kind: Number, About: "`ID` of the user's role"}
	password := Param{Name: "password-file", Kind: Secret, About: "`FILE` with the user's password, - for stdin; at a terminal you are asked"}
	with := func(p Param, path string, required bool) Param {
		p.Path, p.Required = path, required
		return p
	}
	return Group{"user", "users of an enterprise, a partner or the operator", []Command{
		{Name: "list", About: "list users",
			Of:      userFamilies("enterprise/getEnterpriseUsers", "enterpriseProxy/getEnterpriseProxyUsers", "network/getNetworkOperatorUsers"),
			Columns: columns, Params: []Param{{Name: "kind", Path: "userKind", Kind: Texts, About: "`KINDS`: HUMAN, SERVICE_ACCOUNT"}}},
		{Name: "show", About: "show a user, by number or name", Does: Shows, Params: []Param{who},
			Of: userFamilies("enterpriseUser/getEnterpriseUser", "enterpriseProxy/getEnterpriseProxyUser", "operatorUser/getOperatorUser"),
			Columns: append(columns, "userType", "email", "officePhone", "mobilePhone", "roleId",
				"accessLevel", "isNative", "created", "modified", "passwordModified")},
		{Name: "create", About: "make a user; prints his number", Does: Makes,
			Of: userFamilies("enterprise/insertEnterpriseUser", "enterpriseProxy/insertEnterpriseProxyUser", "operatorUser/insertOperatorUser"),
			Params: append([]Param{
				{Name: "USERNAME", Path: "username", Word: true, Required: true}, with(role, "roleId", true), with(password, "password", false),
				{Name: "native", Path: "isNative", Kind: Flag, About: "he has a password here; --native=false if a directory has it"},
			}, fields("")...)},
		{Name: "update", About: "change what is named of a user", Does: Changes, Done: "the user is changed",
			Of: userFamilies("enterpriseUser/updateEnterpriseUser", "enterpriseProxy/updateEnterpriseProxyUser", "operatorUser/updateOperatorUser"),
			Params: append([]Param{
				who, with(role, "_update.roleId", false),
				{Name: "locked", Path: "_update.isLocked", Kind: Flag, About: "--locked=false ends a lock-out; operators alone are locked by hand"},
			}, fields("_update.")...)},
		{Name: "delete", About: "delete a user; his sessions and API tokens end", Does: Changes, Params: []Param{who}, Done: "the user is deleted",
			Of: userFamilies("enterpriseUser/deleteEnterpriseUser", "enterpriseProxy/deleteEnterpriseProxyUser", "operatorUser/deleteOperatorUser")},
	}}
}
