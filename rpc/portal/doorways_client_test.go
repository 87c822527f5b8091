package portal_test

import "maps"

// inOrganisation is what is behind the doors to a tenant of any kind: without a name it is the caller's own.
func inOrganisation(passed int) func(role int, place string) int {
	return func(role int, place string) int {
		switch {
		case place == other:
			return -32004
		case place == own && role <= 8:
			return -32002 // below, and not delegated
		}
		return passed
	}
}

// byItsOwn: what an organisation grants is for its own superusers alone.
func byItsOwn(passed int) func(role int, place string) int {
	return func(role int, place string) int {
		if place == delegated {
			return -32002
		}
		return inOrganisation(passed)(role, place)
	}
}

func init() {
	maps.Copy(doorways, map[string]doorway{
		"oauthApp/insertOauthApp":            {all: "CREATE:OAUTH_APP", params: `{"enterpriseId":$tenant,"name":" x","scope":{}}`, inside: inOrganisation(-32602)},
		"oauthApp/getOauthApps":              {all: "READ:OAUTH_APP", params: `{"enterpriseId":$tenant}`, inside: inOrganisation(0)},
		"oauthApp/getOauthApp":               {all: "READ:OAUTH_APP", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(0)},
		"oauthApp/updateOauthApp":            {all: "UPDATE:OAUTH_APP", params: `{"enterpriseId":$tenant,"id":999999,"_update":{}}`, inside: inOrganisation(0)},
		"oauthApp/deleteOauthApp":            {all: "DELETE:OAUTH_APP", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(0)},
		"oauthApp/regenerateOauthAppSecret":  {all: "UPDATE:OAUTH_APP", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(-32004)},
		"oauthApp/rotateOauthAppSecret":      {all: "UPDATE:OAUTH_APP", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(-32004)},
		"oauthApp/endOauthAppSecretRotation": {all: "UPDATE:OAUTH_APP", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(0)},
		"oauthApp/insertOauthAppGrant":       {all: "CREATE:OAUTH_APP", params: `{"enterpriseId":$tenant,"clientId":"x","roleIds":[12]}`, inside: byItsOwn(-32004)},
		"oauthApp/getOauthAppGrants":         {all: "READ:OAUTH_APP", params: `{"enterpriseId":$tenant}`, inside: inOrganisation(0)},
		"oauthApp/updateOauthAppGrant":       {all: "UPDATE:OAUTH_APP", params: `{"enterpriseId":$tenant,"clientId":"x","roleIds":[12]}`, inside: byItsOwn(0)},
		"oauthApp/acceptOauthAppScope":       {all: "UPDATE:OAUTH_APP", params: `{"enterpriseId":$tenant,"clientId":"x","scopeVersion":1}`, inside: byItsOwn(0)},
		"oauthApp/deleteOauthAppGrant":       {all: "DELETE:OAUTH_APP", params: `{"enterpriseId":$tenant,"clientId":"x"}`, inside: byItsOwn(0)},

		"apiClient/insertApiClient":            {all: "CREATE:API_CLIENT", params: `{"enterpriseId":$tenant,"clientId":"X","firstName":"a","lastName":"b"}`, inside: inOrganisation(-32602)},
		"apiClient/getApiClients":              {all: "READ:API_CLIENT", params: `{"enterpriseId":$tenant}`, inside: inOrganisation(0)},
		"apiClient/getApiClient":               {all: "READ:API_CLIENT", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(0)},
		"apiClient/updateApiClient":            {all: "UPDATE:API_CLIENT", params: `{"enterpriseId":$tenant,"id":999999,"_update":{}}`, inside: inOrganisation(0)},
		"apiClient/activateApiClient":          {all: "UPDATE:API_CLIENT", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(0)},
		"apiClient/deactivateApiClient":        {all: "UPDATE:API_CLIENT", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(0)},
		"apiClient/deleteApiClient":            {all: "DELETE:API_CLIENT", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(0)},
		"apiClient/regenerateApiClientSecret":  {all: "UPDATE:API_CLIENT", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(-32004)},
		"apiClient/rotateApiClientSecret":      {all: "UPDATE:API_CLIENT", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(-32004)},
		"apiClient/endApiClientSecretRotation": {all: "UPDATE:API_CLIENT", params: `{"enterpriseId":$tenant,"id":999999}`, inside: inOrganisation(0)},
	})
}

func init() {
	anywhere = append(anywhere, "ACCESS_TOKEN_REFUSED", "PRINCIPAL_TYPE_REFUSED")
	maps.Copy(audited, map[string]string{
		"apiClient/insertApiClient":            "API_CLIENT_CREATED SUPERUSER_ADDED",
		"apiClient/updateApiClient":            "API_CLIENT_UPDATED SUPERUSER_ADDED",
		"apiClient/deactivateApiClient":        "API_CLIENT_DEACTIVATED",
		"apiClient/activateApiClient":          "API_CLIENT_ACTIVATED",
		"apiClient/deleteApiClient":            "API_CLIENT_DELETED DELETE_USER",
		"apiClient/regenerateApiClientSecret":  "API_CLIENT_SECRET_REGENERATED",
		"apiClient/rotateApiClientSecret":      "API_CLIENT_SECRET_ROTATED",
		"apiClient/endApiClientSecretRotation": "API_CLIENT_SECRET_ROTATION_ENDED",
		"oauthApp/insertOauthApp":              "OAUTH_APP_CREATED",
		"oauthApp/updateOauthApp":              "OAUTH_APP_UPDATED OAUTH_APP_ACTIVATED OAUTH_APP_DEACTIVATED",
		"oauthApp/deleteOauthApp":              "OAUTH_APP_DELETED",
		"oauthApp/regenerateOauthAppSecret":    "OAUTH_APP_SECRET_REGENERATED",
		"oauthApp/rotateOauthAppSecret":        "OAUTH_APP_SECRET_ROTATED",
		"oauthApp/endOauthAppSecretRotation":   "OAUTH_APP_SECRET_ROTATION_ENDED",
		"oauthApp/insertOauthAppGrant":         "OAUTH_APP_GRANTED",
		"oauthApp/updateOauthAppGrant":         "OAUTH_APP_GRANT_UPDATED",
		"oauthApp/acceptOauthAppScope":         "OAUTH_APP_SCOPE_ACCEPTED",
		"oauthApp/deleteOauthAppGrant":         "OAUTH_APP_UNGRANTED",
	})
}
