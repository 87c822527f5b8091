package account

// A Contact is what callers may set of any tenant: whom to ask for, and where. Nil is unset, or not named in an update.
type Contact struct {
	Description    *string  `json:"description"`
	ContactName    *string  `json:"contactName"`
	ContactPhone   *string  `json:"contactPhone"`
	ContactMobile  *string  `json:"contactMobile"`
	ContactEmail   *string  `json:"contactEmail"`
	StreetAddress  *string  `json:"streetAddress"`
	StreetAddress2 *string  `json:"streetAddress2"`
	City           *string  `json:"city"`
	State          *string  `json:"state"`
	PostalCode     *string  `json:"postalCode"`
	Country        *string  `json:"country"`
	Lat            *float64 `json:"lat"`
	Lon            *float64 `json:"lon"`
}
