package secret_test

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// secretive are names of what an attacker must not learn a byte at a time.
var secretive = regexp.MustCompile(
	`(?i)(\b|[a-z])(digest|secret|password2?|passphrase|token|text|phc|hash|mac|mark|nonce|code|signature|assertion|seed)(\(.*\))?$`)

// harmless are comparisons of such names that tell nobody anything, and why.
var harmless = map[string]string{
	"u.Password == seen.Password":                             "two hashes, neither the caller's: whether the password was changed meanwhile",
	"*n.Password2 != n.Password":                              "both the caller's",
	"*up.Password2 != *up.Password":                           "both the caller's",
	"password2 != password":                                   "both the caller's",
	"last.text == text":                                       "the text of a property with its last reading",
	"textMark(tok.Digest) != mark":                            "SHA-256 of a digest, inside a token whose signature was verified",
	"h.Type == apiToken":                                      "a word of a token's head, that anybody can write",
	"printable(token) != token":                               "the caller's with itself",
	"k == text":                                               "a member's name",
	"by.Means == auth.ByAccessToken":                          "a number",
	"by.Means == auth.ByAPIToken":                             "a number",
	"s.Number == n.secret":                                    "a number",
	"k.code == code(number)":                                  "the number of an error",
	"refused.ResultCode != ldap.LDAPResultInvalidCredentials": "a number",
	"x.s.o.Authority.UnauthorizedStatus(x.r.Context()) == http.StatusUnauthorized": "a number",
	`r.form.text("client_assertion_type") != jwtBearer`:                            "a word of RFC 7523",
	"v.Object == EnterpriseToken":                                                  "the name of an object",
	"bytes.Equal(l.Hash, l.hash())":                                                "the chain of events is no secret",
	"bytes.Equal(l.Previous, c.Base.Hash)":                                         "the same", "bytes.Equal(l.Previous, k.at.Hash)": "the same",
	"bytes.Equal(digest[:], want)":        "the same",
	"bytes.Equal(k.at.Hash, c.Head.Hash)": "the same", "bytes.Equal(place.Hash, h.Hash)": "the same",
	"base64.RawURLEncoding.EncodeToString(b) != text": "the text with itself, in its one true form",
}

// TestComparisonsTakeConstantTime: nothing secret is compared with == or bytes.Equal, which end at the first difference. Whether there is one
// at all may be asked.
func TestComparisonsTakeConstantTime(t *testing.T) {
	constant, excused := 0, map[string]bool{}
	for _, root := range []string{"..", "../../rpc"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "rpctest") {
				return err
			}
			files := token.NewFileSet()
			f, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			show := func(n ast.Node) string {
				var b strings.Builder
				_ = printer.Fprint(&b, files, n) // into memory
				return b.String()
			}
			ast.Inspect(f, func(n ast.Node) bool {
				var a, b ast.Expr
				switch n := n.(type) {
				case *ast.BinaryExpr:
					if n.Op != token.EQL && n.Op != token.NEQ {
						return true
					}
					a, b = n.X, n.Y
				case *ast.CallExpr:
					name := show(n.Fun)
					if strings.HasPrefix(name, "subtle.ConstantTime") || name == "hmac.Equal" {
						constant++
					}
					if len(n.Args) != 2 || name != "bytes.Equal" && name != "strings.EqualFold" && name != "slices.Equal" && name != "strings.Compare" {
						return true
					}
					a, b = n.Args[0], n.Args[1]
				default:
					return true
				}
				if _, ok := a.(*ast.BasicLit); ok || isConstant(b) {
					return true
				}
				whole := show(n)
				excused[whole] = true
				if (secretive.MatchString(show(bare(a))) || secretive.MatchString(show(bare(b)))) && harmless[whole] == "" {
					t.Errorf("%s: %s", files.Position(n.Pos()), whole)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for comparison := range harmless {
		if !excused[comparison] {
			t.Errorf("%s is there no more", comparison)
		}
	}
	if constant < 5 {
		t.Errorf("only %d comparisons in constant time were seen", constant)
	}
}

func isConstant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return e.Name == "nil" || e.Name == "true" || e.Name == "false"
	}
	return false
}

// bare is an expression without its conversion to bytes or a string.
func bare(e ast.Expr) ast.Expr {
	switch x := e.(type) {
	case *ast.CallExpr:
		name, named := x.Fun.(*ast.Ident)
		if _, slice := x.Fun.(*ast.ArrayType); len(x.Args) == 1 && (slice || named && name.Name == "string") {
			return bare(x.Args[0])
		}
	case *ast.SliceExpr:
		return bare(x.X)
	}
	return e
}
