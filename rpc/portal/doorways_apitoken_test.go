package portal_test

import "maps"

func init() {
	change := "UPDATE:OPERATOR_TOKEN UPDATE:PROXY_TOKEN UPDATE:ENTERPRISE_TOKEN"
	maps.Copy(doorways, map[string]doorway{
		"apiToken/rotate": {any: change, params: `{"id":999999}`, passed: noToken},
	})
	maps.Copy(audited, map[string]string{
		"apiToken/rotate": "ROTATE_API_TOKEN",
	})
}
