package portal_test

import "maps"

func init() {
	maps.Copy(doorways, map[string]doorway{
		// A tenant that may be deleted is not deleted here: the number is that of none.
		"enterprise/deleteEnterprise":           {all: "DELETE:ENTERPRISE", callers: "OPERATOR MSP", context: "enterprise", params: `{"enterpriseId":$tenant,"id":999999}`, passed: -32004},
		"enterpriseProxy/deleteEnterpriseProxy": {all: "DELETE:PROXY", callers: "OPERATOR", context: "proxy", params: `{"enterpriseProxyId":$proxy}`, passed: -32006},
	})
}
