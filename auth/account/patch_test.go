package account

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

func TestPatchWritesNamedFieldsAlone(t *testing.T) {
	old := UserFields{FirstName: ptr("Ada"), LastName: ptr("King"), Email: ptr("ada@acme.example")}
	changed := patch(&old, &UserFields{FirstName: ptr("Ada"), LastName: ptr("Lovelace"), Email: ptr(""), OfficePhone: ptr("")})
	if diff := cmp.Diff([]string{"lastName", "email"}, changed); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(UserFields{FirstName: ptr("Ada"), LastName: ptr("Lovelace")}, old); diff != "" {
		t.Error(diff)
	}
}

func TestPatchRemovesWhatPointsToNil(t *testing.T) {
	old := SecurityPolicy{IPsec: IPsec{DisableGCM: ptr(ptr(true)), Proposal: Proposal{IPsecLifeMin: ptr(ptr[int64](60))}}}
	changed := patch(&old, &SecurityPolicy{
		IPsec:                      IPsec{DisableGCM: new(*bool), Proposal: Proposal{Hash: ptr("SHA_256"), ISAKMPLifeMin: new(*int64)}},
		SecureDefaultRouteOverride: new(*bool),
	})
	if diff := cmp.Diff([]string{"disableGCM", "hash"}, changed); diff != "" {
		t.Error(diff)
	}
	want := SecurityPolicy{IPsec: IPsec{Proposal: Proposal{Hash: ptr("SHA_256"), IPsecLifeMin: ptr(ptr[int64](60))}}}
	if diff := cmp.Diff(want, old); diff != "" {
		t.Error(diff)
	}
}

func TestSettingsAreSound(t *testing.T) {
	names, numbers := map[string]bool{}, map[int64]bool{}
	for _, s := range settings {
		if names[s.name] || numbers[s.id] || s.id >= firstOwn || s.id < 1 || s.doc == "" {
			t.Errorf("%d %s: a name or number twice, out of range, or without a sentence", s.id, s.name)
		}
		names[s.name], numbers[s.id] = true, true
		p := Property{Name: s.name, Value: s.value, DataType: s.dataType}
		if s != PublicAddress && s != ProductVersion { // these two get theirs at start
			if err := p.check(); err != nil || s.check != nil && !s.check(s.value) {
				t.Errorf("%s: its default %q is not allowed: %v", s.name, s.value, err)
			}
		}
	}
}
