package account

import (
	"net/netip"
	"strings"
)

// The settings of webhooks.
var (
	WebhookNetworks = define(Setting{id: 70, name: "portico.webhook.allowedNetworks", dataType: "STRING", doc: "networks that are not public and that webhooks may lead to, such as 10.1.0.0/16, separated by commas; there http will do", restricted: true, check: func(s string) bool {
		_, ok := ParseNetworks(s)
		return ok
	}})
	WebhookMails      = define(Setting{id: 71, name: "portico.webhook.mailsPerHour", dataType: "NUMBER", value: "60", doc: "letters that the webhooks of one tenant may send in an hour, 0 to 10000", check: between(0, 10000)})
	WebhookRetainDays = define(Setting{id: 72, name: "portico.webhook.retentionDays", dataType: "NUMBER", value: "30", doc: "days after which a delivery of a webhook that has ended is forgotten, 1 to 365", check: between(1, 365)})
)

// maxNetworks is how many networks a setting may name.
const maxNetworks = 64

// ParseNetworks reads networks that are separated by commas. None is an empty list.
func ParseNetworks(text string) (list []netip.Prefix, ok bool) {
	if strings.TrimSpace(text) == "" {
		return nil, true
	}
	for word := range strings.SplitSeq(text, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(word))
		if err != nil || p != p.Masked() || len(list) == maxNetworks {
			return nil, false
		}
		list = append(list, p)
	}
	return list, true
}
