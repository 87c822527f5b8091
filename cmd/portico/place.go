package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
	"github.com/portico-vco/portico/store/etcd"
)

// A place is where the store of a portal is: in a file of its data folder, or in an etcd cluster. The comments are the manual.
type place struct {
	// --data is the folder of everything the portal keeps: the store, the signing keys, the certificate. A portal is made
	// where the folder is absent or empty, and nowhere else.
	Data folder

	// --store is etcd://HOST:PORT,HOST:PORT,.../PREFIX where the records are kept in an etcd cluster, for any number of portals that
	// share them, instead of in a file in the data folder. Each portal has a data folder of its own, with the same keys.
	Store string

	// --etcd-ca is a file of certificates in PEM: authorities that vouch for the members. With it, or with --etcd-cert, etcd is spoken
	// to over TLS.
	EtcdCA string

	// --etcd-cert and --etcd-key are files of the certificate, and its key, that the members know the portal by. They are read again
	// for each connection.
	EtcdCert, EtcdKey string

	// --etcd-user is the name of the portal in etcd, where that asks for names. The password comes from PORTICO_ETCD_PASSWORD or the
	// file --etcd-password-file, and goes over TLS alone unless all members are on this machine.
	EtcdUser, EtcdPasswordFile string

	etcdPassword secret.Text
}

func (w *place) flags(f *flags) {
	f.StringVar((*string)(&w.Data), "data", string(w.Data), "`FOLDER` of the store, the signing keys and the certificate")
	f.StringVar(&w.Store, "store", "", "etcd://HOST:PORT,.../PREFIX, to share one `STORE` among portals; without it a file in the folder")
	f.StringVar(&w.EtcdCA, "etcd-ca", "", "`FILE` of authorities in PEM that vouch for the members of etcd")
	f.StringVar(&w.EtcdCert, "etcd-cert", "", "`FILE` of the certificate in PEM that etcd knows the portal by")
	f.StringVar(&w.EtcdKey, "etcd-key", "", "`FILE` of its private key in PEM")
	f.StringVar(&w.EtcdUser, "etcd-user", "", "`NAME` of the portal in etcd")
	f.StringVar(&w.EtcdPasswordFile, "etcd-password-file", "", "`FILE` with its password, if it is not in PORTICO_ETCD_PASSWORD")
	w.etcdPassword = secret.Text(f.p.getenv("PORTICO_ETCD_PASSWORD"))
}

func (w *place) check() error {
	if w.Data == "" {
		return errors.New("--data is empty")
	}
	if w.Store == "" {
		if w.EtcdCA+w.EtcdCert+w.EtcdKey+w.EtcdUser+w.EtcdPasswordFile != "" {
			return errors.New("the flags of etcd need a --store in etcd")
		}
		return nil
	}
	members, _, err := w.cluster()
	switch {
	case err != nil:
		return err
	case (w.EtcdCert == "") != (w.EtcdKey == ""):
		return errors.New("--etcd-cert and --etcd-key go together")
	case w.EtcdPasswordFile != "" && w.etcdPassword != "":
		return errors.New("--etcd-password-file and PORTICO_ETCD_PASSWORD exclude each other")
	case w.EtcdUser == "" && w.EtcdPasswordFile != "":
		return errors.New("--etcd-password-file needs --etcd-user")
	case w.EtcdUser != "" && !w.overTLS() && !onLoopback(members):
		return errors.New("--etcd-user needs --etcd-ca or --etcd-cert: its password would go over the network in the clear")
	}
	return nil
}

// fresh says whether the folder is that of a first start.
func (w *place) fresh() (bool, error) {
	if w.shared() {
		return w.Data.freshShared()
	}
	return w.Data.fresh()
}

// shared says whether other portals use the store, too.
func (w *place) shared() bool { return w.Store != "" }

func (w *place) overTLS() bool { return w.EtcdCA != "" || w.EtcdCert != "" }

// cluster takes --store apart.
func (w *place) cluster() (members []string, prefix string, err error) {
	list, is := strings.CutPrefix(w.Store, "etcd://")
	list, prefix, rest := strings.Cut(list, "/")
	if !is || !rest || strings.Trim(prefix, "/") == "" {
		return nil, "", fmt.Errorf("--store %q is not etcd://HOST:PORT,HOST:PORT/PREFIX", w.Store)
	}
	for member := range strings.SplitSeq(list, ",") {
		if host, port, err := net.SplitHostPort(member); err != nil || host == "" || port == "" {
			return nil, "", fmt.Errorf("--store: %q is not the HOST:PORT of a member of etcd", member)
		}
		members = append(members, member)
	}
	return members, prefix, nil
}

func onLoopback(members []string) bool {
	for _, m := range members {
		host, _, _ := net.SplitHostPort(m)
		if host != "localhost" && !net.ParseIP(host).IsLoopback() {
			return false
		}
	}
	return true
}

// open opens the store of a portal that is about to serve, and makes one where there is nothing at all. close closes it.
func (w *place) open(ctx context.Context, log zerolog.Logger, now func() time.Time) (db *store.DB, close func() error, err error) {
	if !w.shared() {
		if db, err = w.Data.open(); err != nil {
			return nil, nil, err
		}
		return db, db.Close, nil
	}
	held, err := w.Data.claim()
	if err != nil {
		return nil, nil, err
	}
	if db, err = w.openEtcd(ctx, log, now); err != nil {
		return nil, nil, errors.Join(err, held.Close())
	}
	return db, func() error { return errors.Join(db.Close(), held.Close()) }, nil
}

func (w *place) openEtcd(ctx context.Context, log zerolog.Logger, now func() time.Time) (*store.DB, error) {
	o, err := w.etcdOptions(now)
	if err != nil {
		return nil, err
	}
	o.Create = true
	o.Tell = func(err error) { log.Warn().Msg(err.Error()) }
	if members, _, _ := w.cluster(); o.TLS == nil && !onLoopback(members) {
		log.Warn().Msg("etcd is spoken to in the clear: whoever is on the way reads and changes everything; give --etcd-ca")
	}
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	db, err := etcd.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("--store %s: %w", w.Store, err)
	}
	return db, nil
}

// loadTime is how long a portal waits for etcd, and for all that is in it, before it gives up.
const loadTime = 10 * time.Minute

// etcdOptions are how the store is opened by somebody who alone uses the data folder.
func (w *place) etcdOptions(now func() time.Time) (o etcd.Options, err error) {
	if o.Endpoints, o.Prefix, err = w.cluster(); err != nil {
		return o, err
	}
	if o.TLS, err = w.etcdTLS(); err != nil {
		return o, err
	}
	o.Username, o.Password = w.EtcdUser, string(w.etcdPassword)
	if w.EtcdPasswordFile != "" {
		text, err := passwordIn(w.EtcdPasswordFile)
		if err != nil {
			return o, fmt.Errorf("--etcd-password-file: %w", err)
		}
		o.Password = string(text)
	}
	made := 0
	o.Now = now
	o.Copy = func(id string) (store.Engine, error) {
		made++ // the next one is made before the one before is gone
		return bolt.Scratch(filepath.Join(string(w.Data), fmt.Sprintf("%s%d", copies, made%2)), id)
	}
	return o, nil
}

func (w *place) etcdTLS() (*tls.Config, error) {
	if !w.overTLS() {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if w.EtcdCA != "" {
		text, err := os.ReadFile(w.EtcdCA)
		if err != nil {
			return nil, fmt.Errorf("--etcd-ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--etcd-ca: there is no certificate in %s", w.EtcdCA)
		}
	}
	if w.EtcdCert == "" {
		return c, nil
	}
	own := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(w.EtcdCert, w.EtcdKey)
		if err != nil {
			return nil, fmt.Errorf("--etcd-cert, --etcd-key: %w", err)
		}
		return &pair, nil
	}
	if _, err := own(); err != nil {
		return nil, err
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own() }
	return c, nil
}
