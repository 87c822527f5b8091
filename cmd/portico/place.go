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
	"github.com/spf13/pflag"

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

func (w *place) flags(p *program, f *pflag.FlagSet) {
	f.StringVar((*string)(&w.Data), "data", string(w.Data), "`FOLDER` of the store, the signing keys and the certificate")
	f.StringVar(&w.Store, "store", "", "etcd://HOST:PORT,.../PREFIX, to share one `STORE` among portals; without it a file in the folder")
	w.etcdFlags(p, f)
}

func (w *place) etcdFlags(p *program, f *pflag.FlagSet) {
	f.StringVar(&w.EtcdCA, "etcd-ca", "", "`FILE` of authorities in PEM that vouch for the members of etcd")
	f.StringVar(&w.EtcdCert, "etcd-cert", "", "`FILE` of the certificate in PEM that etcd knows the portal by")
	f.StringVar(&w.EtcdKey, "etcd-key", "", "`FILE` of its private key in PEM")
	f.StringVar(&w.EtcdUser, "etcd-user", "", "`NAME` of the portal in etcd")
	f.StringVar(&w.EtcdPasswordFile, "etcd-password-file", "", "`FILE` with its password, if it is not in PORTICO_ETCD_PASSWORD")
	w.etcdPassword = secret.Text(p.getenv("PORTICO_ETCD_PASSWORD"))
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

// made refuses a folder in which no portal was made.
func (w *place) made() error {
	if !w.shared() {
		if _, err := os.Stat(w.Data.store()); err != nil {
			return fmt.Errorf("there is no portal in %s, or its store is in etcd and --store is missing: %w", w.Data, err)
		}
		return nil
	}
	fresh, err := w.Data.freshShared()
	if err == nil && fresh {
		err = fmt.Errorf("there is no portal in %s", w.Data)
	}
	return err
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
	o, err := w.etcdOptions(now)
	if err != nil {
		return nil, nil, err
	}
	if o.Create, err = w.Data.keyless(); err != nil {
		return nil, nil, err
	}
	o.Tell = func(err error) { log.Warn().Msg(err.Error()) }
	made := 0
	o.Copy = func(id string) (store.Engine, error) {
		made++ // the next one is made before the one before is gone
		return bolt.Scratch(filepath.Join(string(w.Data), fmt.Sprintf("%s%d", copies, made%2)), id)
	}
	held, err := w.Data.claim()
	if err != nil {
		return nil, nil, err
	}
	db, err = w.openEtcd(ctx, o)
	if errors.Is(err, etcd.ErrNoStore) {
		err = fmt.Errorf("data folder %s: there are keys in it, so a portal was made before, but %w; put a backup of its store there "+
			"with portico restore, or give another folder to make a new portal in", w.Data, err)
	}
	if err != nil {
		return nil, nil, errors.Join(err, held.Close())
	}
	return db, func() error { return errors.Join(db.Close(), held.Close()) }, nil
}

// use opens the store for a command that serves nobody. A portal may have the folder, where the store is in etcd.
func (w *place) use(ctx context.Context, p *program, o bolt.Options) (*store.DB, error) {
	if !w.shared() {
		return bolt.Open(w.Data.store(), o)
	}
	e, err := w.etcdOptions(p.now)
	if err != nil {
		return nil, err
	}
	if _, err := w.mark(ctx, p); err != nil && !(o.Create && errors.Is(err, etcd.ErrNoStore)) {
		return nil, err
	}
	e.Create, e.As, e.Aside = o.Create, o.As, o.Aside
	e.Tell = func(err error) { fmt.Fprintln(p.stderr, err) }
	e.Copy = w.scratch
	return w.openEtcd(ctx, e)
}

// mark reads what a store in etcd is marked with. Who waits for a command is told soon that nobody answers.
func (w *place) mark(ctx context.Context, p *program) (is store.Mark, err error) {
	o, err := w.etcdOptions(p.now)
	if err != nil {
		return is, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	is, err = etcd.ReadMark(ctx, o)
	if ctx.Err() != nil {
		err = fmt.Errorf("none of the members answered within %v: %w", askTime, err)
	}
	if err != nil {
		err = fmt.Errorf("store %s: %w", w.Store, err)
	}
	return is, err
}

// scratch makes a local copy under a name of its own: a portal, or another command, may have one in the folder. What a kill leaves
// there the next start of a portal removes.
func (w *place) scratch(id string) (store.Engine, error) {
	f, err := os.CreateTemp(string(w.Data), unfinished)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return bolt.Scratch(f.Name(), id)
}

func (w *place) openEtcd(ctx context.Context, o etcd.Options) (*store.DB, error) {
	if o.TLS == nil && !onLoopback(o.Endpoints) {
		o.Tell(errors.New("etcd is spoken to in the clear: whoever is on the way reads and changes everything; give --etcd-ca"))
	}
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	db, err := etcd.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", w.Store, err)
	}
	return db, nil
}

// loadTime is how long a portal waits for etcd, and for all that is in it, before it gives up.
const loadTime = 10 * time.Minute

// askTime is how long a command waits for an answer of etcd; the members are asked one after the other.
const askTime = 20 * time.Second

// etcdOptions are how the store is found.
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
	o.Now = now
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
