package portal_test

import (
	"flag"
	"os"
	"strings"
	"testing"
)

// single are tests that make thousands of calls, one after the other. There is no race to be found in them, and the race detector
// makes them slow: with it they are skipped, and make check runs them without it.
var single = []string{
	"TestMatrix", "TestRolesAreTheReference", "TestWhoChangesWhat", "TestNastyParamsAreNeverOurFault", "TestCredentialsTable", "TestV3Table",
	"TestTenantCrossing", "TestOwnersAreHeard", "TestPathCrossing", "TestEscalation", "TestCrossSiteForgery", "TestRefusalsAreBounded",
	"TestB03TakenAwayIsGone", "TestUserEnumeration", "TestStrangersWrongPasswords", "TestDeleteTenThousand", "TestUnknownNamesAreBounded",
	"TestB15Growth", "TestNoSecretComesOut", "TestDueSessions", "TestNobody", "TestUnauthenticatedMethods",
}

func TestMain(m *testing.M) {
	flag.Parse()
	names := "^(" + strings.Join(single, "|") + ")$"
	switch {
	case os.Getenv("PORTICO_TEST_SINGLE") != "":
		_ = flag.Set("test.run", names)
	case racing && flag.Lookup("test.run").Value.String() == "":
		_ = flag.Set("test.skip", names)
	}
	m.Run()
}
