package portal_test

import "maps"

func init() {
	maps.Copy(doorways, map[string]doorway{
		// A tenant that may be deleted is not deleted here: the number is that of none.
		"enterprise/deleteEnterprise":           {all: "DELETE:ENTERPRISE", callers: "OPERATOR MSP", context: "enterprise", params: `{"enterpriseId":$tenant,"id":999999}`, passed: -32004},
		"enterpriseProxy/deleteEnterpriseProxy": {all: "DELETE:PROXY", callers: "OPERATOR", context: "proxy", params: `{"enterpriseProxyId":$proxy}`, passed: -32006},
		"enterprise/cloneEnterpriseV2": {all: "CREATE:ENTERPRISE READ:ENTERPRISE", callers: "OPERATOR MSP", params: `{"id":$tenant,"name":" x","user":{"username":"x","password":"correct horse 1"}}`,
			inside: func(role int, place string) int {
				if place == other {
					return -32004
				}
				return -32602 // no id, or the name
			}},
		"network/getNetworkCloneableEnterprises":                 {all: "READ:ENTERPRISE", callers: "OPERATOR", context: "network", params: `{"networkId":$network}`},
		"enterpriseProxy/getEnterpriseProxyCloneableEnterprises": {all: "READ:ENTERPRISE", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},
	})
}
