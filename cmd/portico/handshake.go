package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

// Why a TLS handshake failed, in the words of the metrics. Of a caller's own text there is nothing in them.
const (
	notTLS          = "not_tls"            // what came was something else, such as HTTP
	noCertificate   = "no_certificate"     // of ours, for the name that was asked for
	badClientCert   = "client_certificate" // none, or one that --tls-client-ca does not vouch for
	refusedByClient = "refused_by_client"  // who does not trust our certificate, for one
	noTime          = "timeout"
	brokenOff       = "broken_off" // by the caller, or to make room
	noAgreement     = "no_agreement"
)

var handshakeFailures = []string{notTLS, noCertificate, badClientCert, refusedByClient, noTime, brokenOff, noAgreement}

// errNoCertificate is that of a handshake for which there is none of ours.
var errNoCertificate = errors.New("no certificate")

// handshook counts the handshake of a connection that is closed, if it has failed. net/http tells of it in its log alone.
func (m *metrics) handshook(c net.Conn, s http.ConnState) {
	t, ok := c.(*tls.Conn)
	if !ok || s != http.StateClosed {
		return
	}
	if err := t.Handshake(); err != nil { // which was made, and is not made again
		m.handshakes.WithLabelValues(handshakeFailure(err)).Inc()
	}
}

func handshakeFailure(err error) string {
	var other tls.RecordHeaderError
	var cert *tls.CertificateVerificationError
	var op *net.OpError
	switch errors.As(err, &op); {
	case errors.As(err, &other):
		return notTLS
	case errors.Is(err, errNoCertificate):
		return noCertificate
	case errors.As(err, &cert), strings.HasSuffix(err.Error(), "didn't provide a certificate"): // which has no type of its own
		return badClientCert
	case errors.Is(err, os.ErrDeadlineExceeded):
		return noTime
	case op != nil && op.Op == "remote error": // an alert
		return refusedByClient
	case op != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return brokenOff
	}
	return noAgreement
}
