package cli

func properties() Group {
	columns := []string{"name", "value", "dataType", "description", "modified"}
	name := Param{Name: "NAME", Path: "name", Word: true, Required: true}
	return Group{"property", "properties of the system, an enterprise or a partner", []Command{
		{Name: "get", About: "show a property: the system's, or a tenant's", Does: Shows, Params: []Param{name},
			Of:      Methods{"systemProperty/getSystemProperty", "enterprise/getEnterpriseProperty", "enterpriseProxy/getEnterpriseProxyProperty", ""},
			Columns: columns},
		{Name: "set", About: "set a property: the system's, or a tenant's; it acts with the next call", Does: Makes,
			Of: Methods{"systemProperty/insertOrUpdateSystemProperty", "enterprise/insertOrUpdateEnterpriseProperty",
				"enterpriseProxy/insertOrUpdateEnterpriseProxyProperty", ""},
			Params: []Param{name, {Name: "VALUE", Path: "value", Word: true},
				{Name: "value-file", Path: "value", Kind: Secret, About: "`FILE` with the value, - for stdin: for what nobody else may see"},
				{Name: "type", Path: "dataType", About: "`TYPE` of the value: STRING, NUMBER, BOOLEAN, JSON, DATE or DATETIME"},
				{Name: "description", Path: "description", About: "`TEXT` about it"},
				{Name: "password", Path: "isPassword", Kind: Flag, About: "it is a secret, which is not shown again"},
			}},
		{Name: "list", About: "list the system properties", Of: Methods{Own: "systemProperty/getSystemProperties"}, Unpaged: true, Columns: columns[:3],
			Params: []Param{{Name: "group", Path: "group", About: "`TEXT` that their names begin with"}}},
	}}
}
