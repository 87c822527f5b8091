package account

import "github.com/portico-vco/portico/auth"

// Terms are what a new enterprise is to get of things that are not here yet: profiles, licences, analytics. They are kept.
type Terms struct {
	ConfigurationID                         *int64           `json:"configurationId,omitempty"`
	AssignedOperatorProfileConfigurationIDs []int64          `json:"assignedOperatorProfileConfigurationIds,omitempty"`
	DelegateEdgeImageManagementToEnterprise *bool            `json:"delegateEdgeImageManagementToEnterprise,omitempty"`
	EnableExportRestriction                 *bool            `json:"enableExportRestriction,omitempty"`
	Licenses                                *Licenses        `json:"licenses,omitempty"`
	ServiceLicenses                         *ServiceLicenses `json:"serviceLicenses,omitempty"`
	AnalyticsConfiguration                  *Analytics       `json:"analyticsConfiguration,omitempty"`
}

// Licenses are edge licences by number.
type Licenses struct {
	IDs []int64 `json:"ids"`
}

// ServiceLicenses say which services an enterprise has.
type ServiceLicenses struct {
	SDWAN *ServiceLicense `json:"SDWAN,omitempty"`
	CWS   *ServiceLicense `json:"CWS,omitempty"`
	ZTNAD *AccessLicense  `json:"ZTNAD,omitempty"`
}

// A ServiceLicense is one of them.
type ServiceLicense struct {
	Enabled *bool `json:"enabled,omitempty"`
}

// An AccessLicense is that of remote access, which is counted.
type AccessLicense struct {
	Enabled *bool  `json:"enabled,omitempty"`
	MaxPops *int64 `json:"maxPops,omitempty"`
}

// Analytics says how far an enterprise is analysed.
type Analytics struct {
	Capability  *string `json:"analyticsCapability,omitempty" enum:"NONE|APPLICATION_BRANCH"`
	EdgeLimit   *int64  `json:"analyticsEdgeLimit,omitempty"`
	SelfHealing *bool   `json:"analyticsSelfHealing,omitempty"`
}

// maxNumbers bounds each list of numbers: the enterprise is read with every call in it.
const maxNumbers = 256

func (t *Terms) check() error {
	switch {
	case len(t.AssignedOperatorProfileConfigurationIDs) > maxNumbers:
		return auth.BadField("assignedOperatorProfileConfigurationIds", "are more than %d", maxNumbers)
	case t.Licenses != nil && len(t.Licenses.IDs) > maxNumbers:
		return auth.BadField("licenses.ids", "are more than %d", maxNumbers)
	}
	return nil
}
