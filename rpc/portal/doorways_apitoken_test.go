package portal_test

import "maps"

func init() {
	change := "UPDATE:OPERATOR_TOKEN UPDATE:PROXY_TOKEN UPDATE:ENTERPRISE_TOKEN"
	read := "READ:OPERATOR_TOKEN READ:PROXY_TOKEN READ:ENTERPRISE_TOKEN"
	maps.Copy(doorways, map[string]doorway{
		"apiToken/rotate": {any: change, params: `{"id":999999}`, passed: noToken},
		"apiToken/getPolicy": {any: read, params: `{"enterpriseId":$tenant}`, inside: func(role int, place string) int {
			if role == 8 && place == nothing {
				return -32002 // a partner's business users read their customers' tokens, and not their own
			}
			return inOrganisation(0)(role, place)
		}},
	})
	for _, method := range []string{
		"systemProperty/updateSystemProperty", "systemProperty/deleteSystemProperty",
		"enterprise/insertOrUpdateEnterpriseProperty", "enterpriseProxy/insertOrUpdateEnterpriseProxyProperty",
	} {
		audited[method] += " API_TOKEN_POLICY_UPDATED"
	}
	maps.Copy(audited, map[string]string{
		"apiToken/rotate": "ROTATE_API_TOKEN",
	})
}
