package portal_test

import "maps"

func init() {
	maps.Copy(doorways, map[string]doorway{
		"systemProperty/deleteSystemProperty": {all: "DELETE:SYSTEM_PROPERTY", callers: "OPERATOR", params: `{"name":"nonsense"}`},
		"event/getEnterpriseEventsList":       {all: "READ:ENTERPRISE_EVENT", context: "enterprise", params: `{"enterpriseId":$tenant}`},
	})
}
