package ldap_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/auth/verify/ldap"
)

// A server stands in for a directory: it answers each request as a test wants it, and keeps what was asked.
type server struct {
	address string
	caPEM   string

	mu          sync.Mutex
	cert        tls.Certificate
	connections int
	asked       []string
}

// The operations of LDAP as they are kept.
const (
	opBind     = 0
	opExtended = 23
)

// An answer is what the server sends for a bind; done says that it hangs up then.
type answer func(bind *ber.Packet) (bytes []byte, done bool)

// serve starts a server. Where clear is true TLS is begun by StartTLS.
func serve(t testing.TB, clear bool, reply answer) *server {
	t.Helper()
	s := &server{}
	s.cert, s.caPEM = certificate(t, "directory.example", time.Hour)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = ln.Addr().String()
	var all sync.WaitGroup
	t.Cleanup(func() { ln.Close(); all.Wait() })
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.connections++
			s.mu.Unlock()
			all.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(20 * time.Second))
				s.converse(conn, clear, reply)
			})
		}
	})
	return s
}

func (s *server) converse(conn net.Conn, clear bool, reply answer) {
	secure := func() { conn = tls.Server(conn, &tls.Config{GetCertificate: s.certificate}) }
	if !clear {
		secure()
	}
	for {
		request, err := ber.ReadPacket(conn)
		if err != nil || len(request.Children) < 2 {
			return
		}
		op := request.Children[1]
		s.keep(request)
		if op.Tag == opExtended {
			conn.Write(result(request, 24, 0, "", nil))
			secure()
			continue
		}
		bytes, done := reply(request)
		if conn.Write(bytes); done {
			return
		}
	}
}

func (s *server) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &s.cert, nil
}

// shows gives the server another certificate.
func (s *server) shows(c tls.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cert = c
}

// keep notes an operation: of a simple bind that asks for the policy the name, so that a test sees it.
func (s *server) keep(request *ber.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	op := request.Children[1]
	if op.Tag == opBind && len(op.Children) == 3 && len(request.Children) == 3 && bytes.Contains(request.Children[2].Bytes(), []byte(policyOID)) {
		s.asked = append(s.asked, "bind "+op.Children[1].Data.String())
		return
	}
	s.asked = append(s.asked, fmt.Sprint("operation ", op.Tag))
}

// heard is what the server was asked, and on how many connections.
func (s *server) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%d: %s", s.connections, strings.Join(s.asked, ", "))
}

func (s *server) operations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// directory is the client of the server; set replaces members of its configuration.
func (s *server) directory(t testing.TB, set map[string]any) verify.Directory {
	t.Helper()
	c := map[string]any{
		"kind": "ldap", "url": "ldaps://" + s.address, "caPem": s.caPEM, "serverName": "directory.example", "domain": "EXAMPLE",
	}
	maps.Copy(c, set)
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ldap.New(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// result is an LDAPResult of that operation.
func result(request *ber.Packet, op ber.Tag, code int64, text string, controls *ber.Packet) []byte {
	m := ber.NewSequence("message")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, request.Children[0].Value, ""))
	r := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "")
	r.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	r.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	r.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, ""))
	m.AppendChild(r)
	if controls != nil {
		m.AppendChild(controls)
	}
	return m.Bytes()
}

const policyOID = "1.3.6.1.4.1.42.2.27.8.5.1"

// policy is the control of a password policy with that value, as draft-behera-ldap-password-policy-10 writes it.
func policy(value ...byte) *ber.Packet {
	all := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
	one := ber.NewSequence("")
	one.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, policyOID, ""))
	one.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, string(value), ""))
	all.AppendChild(one)
	return all
}

// says answers a bind with a result.
func says(code int64, text string, controls *ber.Packet) answer {
	return func(bind *ber.Packet) ([]byte, bool) { return result(bind, 1, code, text, controls), false }
}

// certificate makes one for a name, and the authority that signed it.
func certificate(t testing.TB, name string, life time.Duration) (tls.Certificate, string) {
	t.Helper()
	caKey, ca := issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true}, nil, nil, time.Hour)
	key, leaf := issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}}, ca, caKey, life)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}, string(text)
}

func issue(t testing.TB, c, parent *x509.Certificate, by *ecdsa.PrivateKey, life time.Duration) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if parent == nil {
		parent, by = c, key
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(life)
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, made
}

// together are packets one after the other.
func together(packets ...[]byte) []byte { return slices.Concat(packets...) }
