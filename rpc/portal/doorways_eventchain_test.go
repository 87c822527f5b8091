package portal_test

import "maps"

func init() {
	maps.Copy(doorways, map[string]doorway{
		"system/getEventChainHead": {all: "READ:OPERATOR_EVENT", callers: "OPERATOR", params: `{}`},
	})
}
