package portal_test

import "maps"

func init() {
	maps.Copy(doorways, map[string]doorway{
		"system/exportFixture": {all: "EDIT_RESTRICTED_SYSTEM_PROPERTIES", callers: "OPERATOR", params: `{}`},
	})
}
