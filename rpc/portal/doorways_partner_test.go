package portal_test

import "maps"

func init() {
	maps.Copy(doorways, map[string]doorway{
		"enterpriseProxy/insertEnterpriseProxy": {all: "CREATE:PROXY", callers: "OPERATOR", context: "network", params: `{"networkId":$network,"name":" x"}`, passed: -32602},
		"enterpriseProxy/getEnterpriseProxy": {all: "READ:PROXY", callers: "OPERATOR MSP", params: `{"enterpriseProxyId":$proxy,"enterpriseId":$tenant}`, inside: func(role int, place string) int { // enterpriseId is nothing to it
			if place == nothing && role <= 4 {
				return -32602
			}
			return 0
		}},
		"enterpriseProxy/updateEnterpriseProxy":           {all: "UPDATE:PROXY", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"_update":{}}`},
		"network/getNetworkEnterpriseProxies":             {all: "READ:PROXY", callers: "OPERATOR", context: "network", params: `{"networkId":$network}`},
		"enterpriseProxy/insertEnterpriseProxyEnterprise": {all: "CREATE:ENTERPRISE", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"name":" x","configurationId":1}`, passed: -32602},
		"enterpriseProxy/getEnterpriseProxyEnterprises":   {all: "READ:ENTERPRISE", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},
		"network/assignEnterpriseToEnterpriseProxy":       {all: "UPDATE:ENTERPRISE UPDATE:PROXY", callers: "OPERATOR", context: "enterprise", params: `{"enterpriseId":$tenant,"enterpriseProxyId":999}`, passed: -32004},
		"network/unassignEnterpriseFromEnterpriseProxy":   {all: "UPDATE:ENTERPRISE UPDATE:PROXY", callers: "OPERATOR", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"event/getProxyEvents":                            {all: "READ:PROXY_EVENT", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},
	})
}
