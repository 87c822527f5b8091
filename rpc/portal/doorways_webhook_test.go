package portal_test

import "maps"

func init() {
	const one, delivery = `{"enterpriseId":$tenant,"id":999999`, `{"enterpriseId":$tenant,"webhookId":999999`
	maps.Copy(doorways, map[string]doorway{
		"webhook/insertWebhook":       {all: "CREATE:WEBHOOK", params: `{"enterpriseId":$tenant,"name":" x","url":"https://hooks.example"}`, inside: inOrganisation(-32602)},
		"webhook/getWebhooks":         {all: "READ:WEBHOOK", params: `{"enterpriseId":$tenant}`, inside: inOrganisation(0)},
		"webhook/updateWebhook":       {all: "UPDATE:WEBHOOK", params: one + `,"_update":{}}`, inside: inOrganisation(0)},
		"webhook/deleteWebhook":       {all: "DELETE:WEBHOOK", params: one + `}`, inside: inOrganisation(0)},
		"webhook/rotateWebhookSecret": {all: "UPDATE:WEBHOOK", params: one + `}`, inside: inOrganisation(-32004)},
		"webhook/sendTestEvent":       {all: "UPDATE:WEBHOOK", params: one + `}`, inside: inOrganisation(0)},
		"webhook/getDeliveries":       {all: "READ:WEBHOOK", params: delivery + `}`, inside: inOrganisation(0)},
		"webhook/redeliver":           {all: "UPDATE:WEBHOOK", params: delivery + `,"id":1}`, inside: inOrganisation(0)},
	})
	maps.Copy(audited, map[string]string{
		"webhook/insertWebhook":       "CREATE_WEBHOOK",
		"webhook/updateWebhook":       "UPDATE_WEBHOOK",
		"webhook/deleteWebhook":       "DELETE_WEBHOOK",
		"webhook/rotateWebhookSecret": "ROTATE_WEBHOOK_SECRET",
		"webhook/sendTestEvent":       "TEST_WEBHOOK",
		"webhook/redeliver":           "REDELIVER_WEBHOOK",
	})
}
