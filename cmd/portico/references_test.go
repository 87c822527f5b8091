package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// references are the fields of records that name other records, and what portico check calls one that is not there. Nothing where
// that need not be wrong.
var references = map[string]string{
	"user.EnterpriseID":               "its tenant",
	"user.ProxyID":                    "its tenant",
	"user.RoleID":                     "its role",
	"user.Functions":                  "its role",
	"user.ClientID":                   "its API client",
	"grave.TenantID":                  "", // the tenant may be swept first
	"grave.ActorID":                   "", // who deleted may be deleted
	"grave.ClientID":                  "",
	"enterprise.ProxyID":              "its partner",
	"tenantgrave.TenantID":            "", // it is gone
	"tenantgrave.ActorID":             "",
	"tenantgrave.ClientID":            "",
	"secondfactor.ID":                 "its user",
	"sshkey.ID":                       "its user",
	"sshkey.TenantID":                 "its user",
	"lockout.ID":                      "", // also of names that nobody has
	"tenantproperty.TenantID":         "its tenant",
	"rolepackage.TenantID":            "its tenant",
	"customization.TenantID":          "its tenant",
	"customization.PackageID":         "its package",
	"customization.FunctionID":        "", // in the code
	"role.TenantID":                   "its tenant",
	"securitypolicy.ID":               "its enterprise",
	"alertrecipients.ID":              "its enterprise", // its users are left out where they are gone
	"alertconfiguration.EnterpriseID": "its enterprise",
	"alertconfiguration.DefinitionID": "", // in the code
	"event.EnterpriseID":              "", // the record outlives all
	"event.TenantID":                  "", // the record outlives all
	"event.ActorID":                   "",
	"session.UserID":                  "", // it is dead without him, and swept at its end
	"token.OwnerID":                   "its owner",
	"token.TenantID":                  "", // swept with its owner
	"token.CreatorID":                 "", // may be deleted
	"token.SuccessorID":               "", // each is swept at its own end
	"token.PredecessorID":             "",
	"use.ID":                          "its token",
	"client.TenantID":                 "its tenant",
	"client.UserID":                   "its user",
	"client.Scope":                    "a role of its scope",
	"grant.AppID":                     "its app",
	"grant.TenantID":                  "its tenant",
	"grant.RoleIDs":                   "its role",
	"assertion.Client":                "its client",
	"letter.TenantID":                 "", // mail is kept for a time
	"resetlink.UserID":                "its user",
	"credential.TenantID":             "its tenant",
	"credential.ID":                   "its version",
	"credentialversion.ID":            "its credential",
	"credentialshare.CredentialID":    "its credential",
	"credentialshare.TenantID":        "", // the credential's
	"credentialshare.UserID":          "its target",
	"credentialshare.GroupID":         "its target",
	"usergroup.TenantID":              "its tenant",
	"usergroup.ID":                    "a count of all its rows",
	"usergroupmember.GroupID":         "its group",
	"usergroupmember.UserID":          "its user",
	"usergroupdeparture.TenantID":     "", // its groups may be swept first
	"usergroupdeparture.GroupIDs":     "",
	"webhook.TenantID":                "its tenant",
	"webhook.LedByID":                 "", // a partner who is gone reads nothing
	"webhookdelivery.HookID":          "its webhook",
	"webhookdelivery.EventID":         "", // it may be swept first
	"webhookmail.TenantID":            "its tenant",
}

// dangling are records that lead to what is not there: 99 is nobody's number.
var dangling = []struct{ collection, record, fields string }{
	{"user", `{"type":"ENTERPRISE","enterpriseId":99,"roleId":9999,"clientId":99}`, "EnterpriseID RoleID ClientID"},
	{"user", `{"type":"MSP","proxyId":99,"functions":[120,9999]}`, "ProxyID Functions"},
	{"enterprise", `{"proxyId":99}`, "ProxyID"},
	{"secondfactor", `{}`, "ID"},
	{"sshkey", `{"type":"ENTERPRISE"}`, "ID TenantID"},
	{"tenantproperty", `{"type":"ENTERPRISE","tenantId":99}`, "TenantID"},
	{"rolepackage", `{"level":"MSP","tenantId":99}`, "TenantID"},
	{"customization", `{"level":"ENTERPRISE","tenantId":99,"packageId":99}`, "TenantID PackageID"},
	{"role", `{"level":"ENTERPRISE","tenantId":99,"userType":"ENTERPRISE"}`, "TenantID"},
	{"securitypolicy", `{}`, "ID"},
	{"alertrecipients", `{}`, "ID"},
	{"alertconfiguration", `{"enterpriseId":99}`, "EnterpriseID"},
	{"token", `{"ownerId":99,"ownerType":"ENTERPRISE","creatorType":"ENTERPRISE"}`, "OwnerID"},
	{"use", `{}`, "ID"},
	{"client", `{"of":"ENTERPRISE","tenantId":99,"userId":99,"scope":{"roleIds":[9999]}}`, "TenantID UserID Scope"},
	{"grant", `{"appId":99,"of":"ENTERPRISE","tenantId":99,"roleIds":[12,9999]}`, "AppID TenantID RoleIDs"},
	{"assertion", `{"client":99}`, "Client"},
	{"resetlink", `{"userId":99}`, "UserID"},
	{"credential", `{"of":"ENTERPRISE","tenantId":99,"version":1}`, "TenantID ID"},
	{"credentialversion", `{"version":1}`, "ID"},
	{"credentialshare", `{"of":"ENTERPRISE","tenantId":1,"credentialId":99,"userId":99}`, "CredentialID UserID"},
	{"credentialshare", `{"of":"ENTERPRISE","tenantId":1,"credentialId":1,"groupId":99}`, "GroupID"},
	{"usergroup", `{"of":"ENTERPRISE","tenantId":99,"rows":-1}`, "TenantID ID"},
	{"usergroupmember", `{"groupId":99,"userId":99}`, "GroupID UserID"},
	{"webhook", `{"of":"ENTERPRISE","tenantId":99}`, "TenantID"},
	{"webhookdelivery", `{"hookId":99}`, "HookID"},
	{"webhookmail", `{"of":"ENTERPRISE","tenantId":99}`, "TenantID"},
}

func TestCheckFollowsReferences(t *testing.T) {
	t.Parallel()
	fields := recordFields(t)
	for _, field := range fields {
		if _, known := references[field]; !known {
			t.Errorf("does %s lead to another record? portico check must know, or references must say why not", field)
		}
	}
	for field := range maps.Keys(references) {
		_, name, _ := strings.Cut(field, ".")
		if strings.Contains(name, "ID") && name != "ID" && !slices.Contains(fields, field) {
			t.Errorf("there is no %s", field)
		}
	}

	dir := filepath.Join(t.TempDir(), "data")
	serving(t, demoArgs(dir)...).stop()
	seen := map[string]bool{}
	for some := range slices.Chunk(dangling, 16) { // check tells of a hundred problems
		const first = 500 // number of a record below
		numbered := func(i int) []byte { return numberKey(some[i].collection+"/r", int64(first+i)) }
		tamper(t, dir, func(d *tampered) {
			for i, c := range some {
				d.put(numbered(i), []byte(c.record))
			}
		})
		_, out, errs := runHere(t, nil, "", "check", "--data", dir)
		for i, c := range some {
			for name := range strings.FieldsSeq(c.fields) {
				field := c.collection + "." + name
				seen[field] = true
				says := fmt.Sprintf("records: %s %d: %s is not there\n", c.collection, first+i, references[field])
				if !strings.Contains(out, says) {
					t.Errorf("%s: it does not say %q\n%s%s", field, says, out, errs)
				}
			}
		}
		tamper(t, dir, func(d *tampered) {
			for i := range some {
				d.drop(numbered(i))
			}
		})
	}
	for field, lead := range references {
		if lead != "" && !seen[field] {
			t.Errorf("no record has a %s that leads nowhere", field)
		}
	}
}

// recordFields are the fields of all records that look like numbers of others, as COLLECTION.FIELD.
func recordFields(t *testing.T) (fields []string) {
	t.Helper()
	folders, err := filepath.Glob("../../auth/*")
	if err != nil {
		t.Fatal(err)
	}
	collections := 0
	for _, folder := range folders {
		paths, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		types, records := map[string]*ast.StructType{}, map[string]string{}
		for _, path := range paths {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			collect(file, types, records)
		}
		for collection, record := range records {
			collections++
			for _, name := range numbersOfOthers(types, record) {
				fields = append(fields, collection+"."+name)
			}
		}
	}
	if collections < 30 {
		t.Errorf("only %d collections were found", collections)
	}
	return fields
}

// collect notes the structs of a file by name, and the names of records by collection.
func collect(file *ast.File, types map[string]*ast.StructType, records map[string]string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			if s, ok := n.Type.(*ast.StructType); ok {
				types[n.Name.Name] = s
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "NewCollection" {
				of := n.Args[1].(*ast.FuncLit).Type.Params.List[0].Type.(*ast.StarExpr).X.(*ast.Ident)
				records[strings.Trim(n.Args[0].(*ast.BasicLit).Value, `"`)] = of.Name
			}
		}
		return true
	})
}

func numbersOfOthers(types map[string]*ast.StructType, record string) (names []string) {
	for _, f := range types[record].Fields.List {
		typ := f.Type
		if list, ok := typ.(*ast.ArrayType); ok {
			typ = list.Elt
		}
		is, _ := typ.(*ast.Ident)
		if is == nil {
			continue
		}
		if len(f.Names) == 0 && types[is.Name] != nil {
			names = append(names, numbersOfOthers(types, is.Name)...)
		}
		for _, name := range f.Names {
			if n := name.Name; is.Name == "int64" && n != "ID" && strings.HasSuffix(strings.TrimSuffix(n, "s"), "ID") {
				names = append(names, n)
			}
		}
	}
	return names
}
