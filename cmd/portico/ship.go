package main

import (
	"fmt"
	"net"
	"os"

	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/ship"
	"github.com/portico-vco/portico/auth/ship/sink"
)

// checkShipping refuses a destination that cannot be one, and what goes with none.
func (c *Config) checkShipping() error {
	if c.ShipEvents == "" {
		if c.ShipSecretFile != "" {
			return fmt.Errorf("--ship-secret-file goes with --ship-events")
		}
		return nil
	}
	d, err := sink.Parse(c.ShipEvents, sink.Options{})
	switch {
	case err != nil:
		return fmt.Errorf("--ship-events %w", err)
	case c.ShipSecretFile != "" && !d.Signs:
		return fmt.Errorf("--ship-secret-file goes with a webhook, which %s is not", d.Name)
	case c.ShipBacklog < leastBacklog:
		return fmt.Errorf("--ship-backlog is at least %d", leastBacklog)
	}
	return nil
}

// leastBacklog is a few batches, so that a sink that is merely slow loses nothing.
const leastBacklog = 10_000

// haveShipper makes the shipper, if events are to be shipped. It must be there before the first sweep.
func (o *instance) haveShipper() error {
	if o.ShipEvents == "" {
		return nil
	}
	options := sink.Options{Now: o.now}
	options.Host, _, _ = net.SplitHostPort(o.public)
	if o.ShipSecretFile != "" {
		text, err := os.ReadFile(o.ShipSecretFile)
		if err == nil {
			options.Secret, err = post.ParseSecret(secret.Text(text))
		}
		if err != nil {
			return fmt.Errorf("--ship-secret-file %s: %w", o.ShipSecretFile, err)
		}
	}
	to, err := sink.Parse(o.ShipEvents, options)
	if err != nil {
		return fmt.Errorf("--ship-events %w", err)
	}
	o.shipper = ship.New(o.accounts, to, ship.Options{Portal: o.db.ID(), Destination: to.Identity, Backlog: int64(o.ShipBacklog)})
	o.shipTo = to.Name
	o.log.Info().Str("to", o.shipTo).Msg("events are shipped")
	return nil
}

// tellShipping logs what becomes of the events that are shipped.
func (o *instance) tellShipping(n ship.News) {
	line, text := o.log.Warn(), "events are not shipped; it is tried again, and none is lost so far"
	switch n.Kind {
	case ship.Resumed:
		line, text = o.log.Info(), "events are shipped again"
	case ship.Overfull:
		line, text = o.log.Error(), "more events wait to be shipped than --ship-backlog: what is past its retention may be removed unshipped"
	case ship.Lost:
		line, text = o.log.Error().Int64("lost", n.Lost), "events were removed before they were shipped"
	}
	line.Err(n.Err).Str("to", o.shipTo).Int64("waiting", n.Waiting).Msg(text)
}
