package cli

func enterprises() Group {
	columns := []string{"id", "name", "accountNumber", "domain", "city", "country", "created"}
	which := Param{Name: "ENTERPRISE", Path: "enterpriseId", Or: "name", Kind: Number, Word: true, Required: true}
	own := which
	own.Required = false
	fields := func(in string) []Param {
		return append(contact(in), Param{Name: "timezone", Path: in + "timezone", About: "`NAME`, such as Europe/Rome"})
	}
	return Group{"enterprise", "enterprises", []Command{
		{Name: "list", About: "list the enterprises of the network, or of a partner", Columns: columns,
			Of: Methods{Own: "network/getNetworkEnterprises", Partner: "enterpriseProxy/getEnterpriseProxyEnterprises"}},
		{Name: "show", About: "show an enterprise, by number or name; without either your own", Does: Shows, Params: []Param{own},
			Of:      Methods{Own: "enterprise/getEnterprise"},
			Columns: append(columns, "contactName", "contactEmail", "contactPhone", "timezone", "logicalId", "modified")},
		{Name: "create", About: "make an enterprise; prints its number", Does: Makes,
			Of:     Methods{Own: "enterprise/insertEnterprise", Partner: "enterpriseProxy/insertEnterpriseProxyEnterprise"},
			Params: append([]Param{{Name: "NAME", Path: "name", Word: true, Required: true}}, fields("")...)},
		{Name: "update", About: "change what is named of an enterprise", Does: Changes, Done: "the enterprise is changed",
			Of:     Methods{Own: "enterprise/updateEnterprise"},
			Params: append([]Param{which, {Name: "name", Path: "_update.name", About: "`NAME` that it gets"}}, fields("_update.")...)},
		{Name: "delete", About: "delete an enterprise with all that is in it", Does: Changes, Done: "the enterprise is deleted",
			Of: Methods{Own: "enterprise/deleteEnterprise"}, Params: []Param{{
				Name: "ID", Path: "enterpriseId", Kind: Number, Word: true, Required: true,
			}}},
	}}
}

// contact are where an organisation is, and whom to ask there.
func contact(in string) []Param {
	return []Param{
		{Name: "contact-name", Path: in + "contactName", About: "`NAME` of whom to ask"},
		{Name: "contact-email", Path: in + "contactEmail", About: "his e-mail `ADDRESS`"},
		{Name: "contact-phone", Path: in + "contactPhone", About: "his telephone `NUMBER`"},
		{Name: "city", Path: in + "city", About: "`CITY` where it is"},
		{Name: "country", Path: in + "country", About: "`COUNTRY` where it is"},
	}
}
