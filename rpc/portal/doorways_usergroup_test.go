package portal_test

import "maps"

func init() {
	maps.Copy(doorways, map[string]doorway{
		"userGroup/insertUserGroup":       {all: "CREATE:USER_GROUP", params: `{"enterpriseId":$tenant,"name":" x"}`, inside: inOrganisation(-32602)},
		"userGroup/getUserGroups":         {all: "READ:USER_GROUP", params: `{"enterpriseId":$tenant}`, inside: inOrganisation(0)},
		"userGroup/getUserGroup":          {all: "READ:USER_GROUP", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(0)},
		"userGroup/updateUserGroup":       {all: "UPDATE:USER_GROUP", params: `{"enterpriseId":$tenant,"id":999999,"_update":{}}`, inside: inOrganisation(0)},
		"userGroup/deleteUserGroup":       {all: "DELETE:USER_GROUP", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(0)},
		"userGroup/addUserGroupMembers":   {all: "UPDATE:USER_GROUP", params: `{"enterpriseId":$tenant,"id":999999,"userIds":[1]}`, inside: inOrganisation(-32004)},
		"userGroup/removeUserGroupMember": {all: "UPDATE:USER_GROUP", params: `{"enterpriseId":$tenant,"id":999999,"userId":1}`, inside: inOrganisation(0)},
	})
	maps.Copy(audited, map[string]string{
		"userGroup/insertUserGroup":       "USER_GROUP_CREATED",
		"userGroup/updateUserGroup":       "USER_GROUP_UPDATED",
		"userGroup/deleteUserGroup":       "USER_GROUP_DELETED",
		"userGroup/addUserGroupMembers":   "USER_GROUP_MEMBERS_ADDED",
		"userGroup/removeUserGroupMember": "USER_GROUP_MEMBER_REMOVED",
	})
}
