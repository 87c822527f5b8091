// Member is a member of an etcd cluster, for tests: etcd's own server, embedded. It is a module of its own, so that the portal's does
// not need the server's forty modules.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("member: ")
	c := embed.NewConfig()
	c.Logger, c.LogLevel, c.LogOutputs = "zap", "error", []string{"stderr"}
	var client, peer, announce string
	flag.StringVar(&c.Name, "name", "alone", "its name in the cluster")
	flag.StringVar(&c.Dir, "dir", "", "its folder")
	flag.StringVar(&client, "client", "http://127.0.0.1:0", "where it listens for clients")
	flag.StringVar(&peer, "peer", "http://127.0.0.1:0", "where it listens for the other members")
	flag.StringVar(&announce, "announce", "", "where the others find it; empty: where it listens for them")
	flag.StringVar(&c.InitialCluster, "cluster", "", "name=announced,... of all members; empty: it is alone")
	flag.Int64Var(&c.QuotaBackendBytes, "quota", 0, "how large its store may be; 0: etcd's default")
	flag.UintVar(&c.MaxTxnOps, "max-txn-ops", c.MaxTxnOps, "how many operations a transaction may have")
	flag.StringVar(&c.AutoCompactionRetention, "retention", "0", "how much history is kept, in revisions; 0: all")
	flag.Int64Var(&wal.SegmentSizeBytes, "segment", wal.SegmentSizeBytes, "how many bytes of its log it takes from the disk at a time")
	flag.StringVar(&c.ClientTLSInfo.CertFile, "cert", "", "its certificate for clients")
	flag.StringVar(&c.ClientTLSInfo.KeyFile, "key", "", "the key of that")
	flag.StringVar(&c.ClientTLSInfo.TrustedCAFile, "ca", "", "who vouches for clients; empty: nobody needs to")
	flag.Parse()
	c.AutoCompactionMode = "revision"
	c.ClientTLSInfo.ClientCertAuth = c.ClientTLSInfo.TrustedCAFile != ""
	if announce == "" {
		announce = peer
	}
	c.ListenClientUrls, c.AdvertiseClientUrls = urls(client), urls(client)
	c.ListenPeerUrls, c.AdvertisePeerUrls = urls(peer), urls(announce)
	if c.InitialCluster == "" {
		c.InitialCluster = c.InitialClusterFromName(c.Name)
	}
	if err := run(c); err != nil {
		log.Fatal(err)
	}
}

func urls(text string) []url.URL {
	u, err := url.Parse(text)
	if err != nil {
		log.Fatal(err)
	}
	return []url.URL{*u}
}

// run says on the standard output where clients are answered, once they are.
func run(c *embed.Config) error {
	e, err := embed.StartEtcd(c)
	if err != nil {
		return err
	}
	defer e.Close()
	select {
	case <-e.Server.ReadyNotify():
		fmt.Println(e.Clients[0].Addr())
	case <-time.After(time.Minute):
		return fmt.Errorf("%s is not ready after a minute", c.Name)
	case err := <-e.Err():
		return err
	}
	go func() { // whoever started it is gone when its standard input ends
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}()
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	select {
	case <-ended:
		return nil
	case err := <-e.Err():
		return err
	}
}
