package portal_test

import "maps"

func init() {
	maps.Copy(doorways, map[string]doorway{
		"system/createBackup": {all: "EDIT_RESTRICTED_SYSTEM_PROPERTIES", callers: "OPERATOR", params: `{"name":"../x"}`, passed: -32602},
		"system/getBackups":   {all: "READ:SYSTEM_PROPERTY", callers: "OPERATOR", params: `{}`},
	})
}
