package cli

func webhooks() Group {
	id := one("webhook")
	on := Param{Name: "WEBHOOK-ID", Path: "webhookId", Kind: Number, Word: true, Required: true}
	fields := func(in string) []Param {
		return []Param{
			{Name: "target", Path: in + "url", About: "`URL` where events are posted: https, a public address"},
			{Name: "recipient", Path: in + "recipients", Kind: Texts, About: "`ADDRESSES` that letters go to, of the channel MAIL; repeatable"},
			{Name: "event", Path: in + "events", Kind: Texts, About: "`NAMES` of events to be told of, or * for all; repeatable"},
			{Name: "include-below", Path: in + "includeBelow", Kind: Flag, About: "also events of the tenants below that let the organisation read theirs"},
		}
	}
	return Group{"webhook", "webhooks: where an organisation is told of events", []Command{
		{Name: "list", About: "list the webhooks of an organisation", Of: organisation("webhook/getWebhooks"),
			Columns: []string{"id", "name", "channel", "url", "recipients", "events", "enabled", "disabledReason", "waiting", "ledByUserType"}},
		{Name: "create", About: "make a webhook; the secret that its messages are signed with is shown this once", Does: Changes,
			Of: organisation("webhook/insertWebhook"), Once: "secret", Columns: []string{"id"}, Done: "the webhook is made; nobody can get its secret again",
			Params: append([]Param{
				{Name: "NAME", Path: "name", Word: true, Required: true},
				{Name: "channel", Path: "channel", About: "`CHANNEL`: WEBHOOK, which is the default, or MAIL"},
			}, fields("")...)},
		{Name: "update", About: "change what is named of a webhook; what it is to tell of anew counts from then on", Does: Changes,
			Of: organisation("webhook/updateWebhook"), Done: "the webhook is changed",
			Params: append([]Param{
				id,
				{Name: "name", Path: "_update.name", About: "`NAME` that it gets"},
				{Name: "enabled", Path: "_update.enabled", Kind: Flag, About: "it tells of events; --enabled=false stops it"},
			}, fields("_update.")...)},
		{Name: "delete", About: "delete a webhook for good, with what it has not told yet", Does: Changes,
			Of: organisation("webhook/deleteWebhook"), Params: []Param{id}, Done: "the webhook is deleted"},
		{Name: "rotate-secret", About: "make a new secret; for a day messages are signed with the old one, too", Does: Changes,
			Of: organisation("webhook/rotateWebhookSecret"), Params: []Param{id}, Once: "secret", Columns: []string{"earlierSecretUntil"}, Done: shownOnce},
		{Name: "test", About: "make an event that a webhook tells of", Does: Changes,
			Of: organisation("webhook/sendTestEvent"), Params: []Param{id}, Done: "it is told; see portico webhook deliveries"},
		{Name: "deliveries", About: "list what a webhook has told, and what not, newest first", Of: organisation("webhook/getDeliveries"),
			Columns: []string{"id", "eventId", "event", "state", "tries", "status", "lastError", "nextTry", "modified"},
			Params:  []Param{on, {Name: "state", Path: "state", About: "`STATE`: PENDING, DELIVERED or DEAD"}}},
		{Name: "redeliver", About: "tell of an event once more", Does: Changes, Of: organisation("webhook/redeliver"),
			Params: []Param{on, one("delivery")}, Done: "it is told once more"},
	}}
}
