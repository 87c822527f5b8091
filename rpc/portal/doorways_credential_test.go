package portal_test

import "maps"

func init() {
	one := `{"enterpriseId":$tenant,"id":999999`
	maps.Copy(doorways, map[string]doorway{
		"credential/getCredentials":                 {all: "READ:CREDENTIAL", params: `{"enterpriseId":$tenant}`, inside: inOrganisation(0)},
		"credential/getCredential":                  {all: "READ:CREDENTIAL", params: one + `}`, inside: inOrganisation(0)},
		"credential/insertCredential":               {all: "CREATE:CREDENTIAL", params: `{"enterpriseId":$tenant,"username":" x","password":"y"}`, inside: inOrganisation(-32602)},
		"credential/updateCredential":               {all: "UPDATE:CREDENTIAL", params: one + `,"_update":{}}`, inside: inOrganisation(0)},
		"credential/verifyCredential":               {all: "UPDATE:CREDENTIAL", params: one + `}`, inside: inOrganisation(-32004)},
		"credential/shareCredentialWithUser":        {all: "UPDATE:CREDENTIAL", params: one + `,"userId":1}`, inside: inOrganisation(0)},
		"credential/unshareCredentialFromUser":      {all: "UPDATE:CREDENTIAL", params: one + `,"userId":1}`, inside: inOrganisation(0)},
		"credential/shareCredentialWithUserGroup":   {all: "UPDATE:CREDENTIAL", params: one + `,"userGroupId":1}`, inside: inOrganisation(0)},
		"credential/unshareCredentialFromUserGroup": {all: "UPDATE:CREDENTIAL", params: one + `,"userGroupId":1}`, inside: inOrganisation(0)},
		"credential/deleteCredential":               {all: "DELETE:CREDENTIAL", params: one + `}`, inside: inOrganisation(0)},
		"credential/useCredential":                  {all: "READ:CREDENTIAL", params: one + `,"purpose":"x"}`, inside: inOrganisation(-32004)},
	})
	anywhere = append(anywhere, "CREDENTIAL_TLS_REFUSED", "CREDENTIAL_DAMAGED")
	audited["apiClient/deleteApiClient"] += " CREDENTIAL_HANDED_OVER"
	maps.Copy(audited, map[string]string{
		"credential/insertCredential":               "CREDENTIAL_CREATED CREDENTIAL_VERIFY_FAILED",
		"credential/updateCredential":               "CREDENTIAL_UPDATED CREDENTIAL_VERIFY_FAILED",
		"credential/verifyCredential":               "CREDENTIAL_VERIFIED CREDENTIAL_VERIFY_FAILED",
		"credential/shareCredentialWithUser":        "CREDENTIAL_SHARED",
		"credential/unshareCredentialFromUser":      "CREDENTIAL_UNSHARED",
		"credential/shareCredentialWithUserGroup":   "CREDENTIAL_SHARED",
		"credential/unshareCredentialFromUserGroup": "CREDENTIAL_UNSHARED",
		"credential/deleteCredential":               "CREDENTIAL_DELETED",
		"credential/useCredential":                  "CREDENTIAL_USED",
	})
}
