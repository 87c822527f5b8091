// Package smtptest owns an SMTP relay for tests: a real one on a real port, with TLS, STARTTLS and AUTH, that can be told to
// fail. It must not be linked into the program.
package smtptest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Mail is what the relay took.
type Mail struct {
	From, To string // of the envelope
	Header   mail.Header
	Subject  string
	Body     string
	Raw      string
	Secure   bool
	User     string
}

// A Relay takes mail until its test ends.
type Relay struct {
	Host  string
	Port  int
	Roots *x509.CertPool // that its certificate is of

	Implicit bool              // TLS from the first byte
	Plain    bool              // no STARTTLS
	Users    map[string]string // if there are any, one must sign in

	ln    net.Listener
	cert  tls.Certificate
	wait  sync.WaitGroup
	ended chan struct{}

	mu    sync.Mutex
	say   map[string]string
	hang  map[string]bool
	mails []Mail
	last  Mail // that arrived whole, taken or not
	conns map[net.Conn]bool
	news  chan struct{}
}

// Start starts a relay on a loopback port; with may change what it is before that.
func Start(t testing.TB, with func(*Relay)) *Relay {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{
		Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, ln: ln, ended: make(chan struct{}),
		say: map[string]string{}, hang: map[string]bool{}, conns: map[net.Conn]bool{}, news: make(chan struct{}, 1000),
	}
	r.certify(t)
	if with != nil {
		with(r)
	}
	r.wait.Go(r.accept)
	t.Cleanup(r.end)
	return r
}

func (r *Relay) end() {
	close(r.ended)
	r.ln.Close()
	r.mu.Lock()
	for c := range r.conns {
		c.Close()
	}
	r.mu.Unlock()
	r.wait.Wait()
}

func (r *Relay) certify(t testing.TB) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	r.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	r.Roots = x509.NewCertPool()
	r.Roots.AddCert(made)
}

// Say lets the relay answer a command (MAIL, RCPT, DATA, AUTH, EHLO, or "." after the message) with that line; "" undoes it.
func (r *Relay) Say(command, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.say[command] = line
}

// Hang lets the relay not answer a command at all.
func (r *Relay) Hang(command string, hangs bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hang[command] = hangs
}

// Mails are those that were taken.
func (r *Relay) Mails() []Mail {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Mail(nil), r.mails...)
}

// Last is the last message that arrived whole, whether it was taken or not.
func (r *Relay) Last() Mail {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// Next waits for the next message that arrives whole, and answers it, taken or not.
func (r *Relay) Next(t testing.TB) Mail {
	t.Helper()
	select {
	case <-r.news:
	case <-time.After(20 * time.Second):
		t.Fatal("no mail arrives")
	}
	return r.Last()
}

func (r *Relay) accept() {
	for {
		c, err := r.ln.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.conns[c] = true
		r.mu.Unlock()
		r.wait.Go(func() {
			defer c.Close()
			(&session{r: r, conn: c}).serve()
		})
	}
}

// A session is one connection.
type session struct {
	r      *Relay
	conn   net.Conn
	in     *bufio.Reader
	secure bool
	user   string
	mail   Mail
}

func (s *session) config() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{s.r.cert}} }

func (s *session) over(c net.Conn) { s.conn, s.in = c, bufio.NewReader(c) }

func (s *session) line() (string, bool) {
	text, err := s.in.ReadString('\n')
	return strings.TrimRight(text, "\r\n"), err == nil
}

// answer writes a line, or what the test wants instead; false when the conversation is over.
func (s *session) answer(command, usual string) (good bool) {
	s.r.mu.Lock()
	say, hang := s.r.say[command], s.r.hang[command]
	s.r.mu.Unlock()
	if hang {
		<-s.r.ended
		return false
	}
	if say != "" {
		usual = say
	}
	_, err := io.WriteString(s.conn, usual+"\r\n")
	return err == nil && (usual[0] == '2' || usual[0] == '3')
}

func (s *session) serve() {
	s.over(s.conn)
	if s.r.Implicit {
		s.over(tls.Server(s.conn, s.config()))
		s.secure = true
	}
	s.answer("CONNECT", "220 relay.test ESMTP")
	for {
		text, ok := s.line()
		if !ok {
			return
		}
		word, rest, _ := strings.Cut(text, " ")
		switch word = strings.ToUpper(word); word {
		case "EHLO":
			s.hello()
		case "STARTTLS":
			s.answer(word, "220 go on")
			s.over(tls.Server(s.conn, s.config()))
			s.secure = true
		case "AUTH":
			s.auth(rest)
		case "MAIL":
			if len(s.r.Users) > 0 && s.user == "" {
				fmt.Fprint(s.conn, "530 5.7.0 sign in first\r\n")
				continue
			}
			s.mail = Mail{From: between(rest), Secure: s.secure, User: s.user}
			s.answer(word, "250 2.1.0 fine")
		case "RCPT":
			s.mail.To = between(rest)
			s.answer(word, "250 2.1.5 fine")
		case "DATA":
			if s.answer(word, "354 go on") && !s.data() {
				return
			}
		case "QUIT":
			s.answer(word, "221 bye")
			return
		case "NOOP", "RSET":
			s.answer(word, "250 fine")
		default:
			s.answer(word, "502 what?")
		}
	}
}

func (s *session) hello() {
	lines := []string{"relay.test", "8BITMIME", "ENHANCEDSTATUSCODES"}
	if !s.secure && !s.r.Plain {
		lines = append(lines, "STARTTLS")
	}
	if len(s.r.Users) > 0 {
		lines = append(lines, "AUTH PLAIN LOGIN")
	}
	for _, l := range lines[:len(lines)-1] {
		fmt.Fprintf(s.conn, "250-%s\r\n", l)
	}
	s.answer("EHLO", "250 "+lines[len(lines)-1])
}

func (s *session) auth(rest string) {
	how, first, _ := strings.Cut(rest, " ")
	b, _ := base64.StdEncoding.DecodeString(first)
	parts := strings.Split(string(b), "\x00")
	if how != "PLAIN" || len(parts) != 3 || s.r.Users[parts[1]] == "" || s.r.Users[parts[1]] != parts[2] {
		s.answer("AUTH", "535 5.7.8 not you: "+first)
		return
	}
	if s.answer("AUTH", "235 2.7.0 welcome") {
		s.user = parts[1]
	}
}

func (s *session) data() bool {
	var raw strings.Builder
	for {
		text, ok := s.line()
		if !ok {
			return false
		}
		if text == "." {
			break
		}
		raw.WriteString(strings.TrimPrefix(text, ".") + "\r\n")
	}
	s.mail.Raw = raw.String()
	s.mail.parse()
	s.r.mu.Lock()
	s.r.last = s.mail
	s.r.mails = append(s.r.mails, s.mail)
	at := len(s.r.mails) - 1
	s.r.mu.Unlock()
	s.r.news <- struct{}{}
	if s.answer(".", "250 2.0.0 taken") {
		return true
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if s.r.hang["."] { // the other side cannot know: it was taken
		return false
	}
	s.r.mails = append(s.r.mails[:at:at], s.r.mails[at+1:]...)
	return true
}

func (m *Mail) parse() {
	msg, err := mail.ReadMessage(strings.NewReader(m.Raw))
	if err != nil {
		return
	}
	m.Header = msg.Header
	m.Subject, _ = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	body := msg.Body
	if msg.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	b, _ := io.ReadAll(body)
	m.Body = strings.ReplaceAll(string(b), "\r\n", "\n")
}

func between(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}
