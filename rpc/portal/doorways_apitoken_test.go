package portal_test

import "maps"

func init() {
	change := "UPDATE:OPERATOR_TOKEN UPDATE:PROXY_TOKEN UPDATE:ENTERPRISE_TOKEN"
	read := "READ:OPERATOR_TOKEN READ:PROXY_TOKEN READ:ENTERPRISE_TOKEN"
	maps.Copy(doorways, map[string]doorway{
		"apiToken/rotate": {any: change, params: `{"id":999999}`, passed: noToken},
		"apiToken/revokeMany": {any: change, params: `{"enterpriseId":$tenant,"namePrefix":"nobody's"}`, inside: func(role int, place string) int {
			if place == delegated && role <= 8 && role != 1 && role != 5 {
				return -32002 // consent is given to all, and the privilege there to superusers alone
			}
			return inOrganisation(0)(role, place)
		}},
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
		"apiToken/rotate":     "ROTATE_API_TOKEN",
		"apiToken/revokeMany": "REVOKE_API_TOKEN REVOKE_API_TOKENS",
	})
}
