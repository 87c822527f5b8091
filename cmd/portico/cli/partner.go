package cli

func partners() Group {
	columns := []string{"id", "name", "proxyType", "domain", "city", "country", "created"}
	id := Param{Name: "ID", Path: "enterpriseProxyId", Kind: Number, Word: true, Required: true}
	own, which, enterprise := id, id, id
	own.Required = false
	which.Name, which.Or = "PARTNER", "name"
	enterprise.Name, enterprise.Path = "ENTERPRISE-ID", "enterpriseId"
	fields := func(in string) []Param {
		return append([]Param{
			{Name: "type", Path: in + "proxyType", About: "`TYPE`: MSP or PARTNER"},
			{Name: "domain", Path: in + "domain", About: "`NAME` of its own in addresses"},
		}, contact(in)...)
	}
	return Group{"partner", "partners, who manage enterprises", []Command{
		{Name: "list", About: "list the partners of the network", Columns: columns, Of: Methods{Own: "network/getNetworkEnterpriseProxies"}},
		{Name: "show", About: "show a partner; without a number your own", Does: Shows, Params: []Param{own},
			Of:      Methods{Own: "enterpriseProxy/getEnterpriseProxy"},
			Columns: append(columns, "contactName", "contactEmail", "contactPhone", "logicalId", "modified")},
		{Name: "create", About: "make a partner; prints its number", Does: Makes, Of: Methods{Own: "enterpriseProxy/insertEnterpriseProxy"},
			Params: append([]Param{{Name: "NAME", Path: "name", Word: true, Required: true}}, fields("")...)},
		{Name: "update", About: "change what is named of a partner", Does: Changes, Done: "the partner is changed",
			Of:     Methods{Own: "enterpriseProxy/updateEnterpriseProxy"},
			Params: append([]Param{which, {Name: "name", Path: "_update.name", About: "`NAME` that it gets"}}, fields("_update.")...)},
		{Name: "delete", About: "delete a partner that has no enterprises, with its users", Does: Changes, Done: "the partner is deleted",
			Of: Methods{Own: "enterpriseProxy/deleteEnterpriseProxy"}, Params: []Param{id}},
		{Name: "assign", About: "give an enterprise to a partner", Does: Changes, Done: "the enterprise is the partner's",
			Of: Methods{Own: "network/assignEnterpriseToEnterpriseProxy"}, Params: []Param{id, enterprise}},
		{Name: "unassign", About: "take an enterprise from its partner", Does: Changes, Done: "the enterprise has no partner",
			Of: Methods{Own: "network/unassignEnterpriseFromEnterpriseProxy"}, Params: []Param{enterprise}},
	}}
}
