package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/portico-vco/portico/auth/keys"
	"github.com/portico-vco/portico/store"
)

// What the portals that share a store call the uses of keys besides those that sign.
const (
	useSealing     = "what is sealed"
	useCredentials = "credentials"
)

// agreeEvery is how often a portal looks whether it has new keys, or others have.
const agreeEvery = 2 * time.Second

// A sharedKeys is what a portal knows of the keys of those that share its store.
type sharedKeys struct {
	portals *keys.Portals // nil where it shares none
	told    string        // the last that was told of the keys in use
	lacking atomic.Pointer[lackingError]
}

// A lackingError says that a portal must not serve, for want of keys that are in use.
type lackingError struct {
	folder folder
	keys   []keys.Lack
}

func (e *lackingError) Error() string {
	names := make([]string, len(e.keys))
	for i, l := range e.keys {
		names[i] = fileNamed(l) + " (" + l.Use + ")"
	}
	return fmt.Sprintf("data folder %s: the portals that share the store use keys that are not in %s: %s; copy the folder keys from one that "+
		"runs, in the place of this one", e.folder, e.folder.keys(), strings.Join(names, ", "))
}

// agree has the keys in use be those that all portals have. It fails with a lackingError for one that is not here.
func (o *instance) agree(ctx context.Context) error {
	held, err := o.held()
	if err != nil {
		return err
	}
	a, err := o.shared.portals.Agree(ctx, held)
	if err != nil {
		return err
	}
	if len(a.Missing) > 0 {
		lacking := &lackingError{o.Data, a.Missing}
		o.shared.lacking.Store(lacking)
		return lacking
	}
	o.shared.lacking.Store(nil)
	o.vaultKeys.kept.choose(a.InUse[useCredentials])
	for _, k := range []*keyFolder{o.keys, o.accessKeys} {
		k.kept.choose(a.InUse[k.use.noun])
		if err := k.retire(); err != nil {
			return err
		}
	}
	o.tellKeys(a)
	return nil
}

// held are the keys of the folder.
func (o *instance) held() (keys.Held, error) {
	held := keys.Held{useSealing: {{ID: o.accounts.Sealer.MarkID(), Whole: true}}}
	for _, k := range []*keyFolder{o.keys, o.accessKeys} {
		files, err := k.load()
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			held[k.use.noun] = append(held[k.use.noun], keys.Key{ID: f.key.ID(), Whole: f.key.Signs()})
		}
	}
	files, err := o.vaultKeys.load()
	for _, f := range files {
		held[useCredentials] = append(held[useCredentials], keys.Key{ID: f.key.ID(), Whole: true})
	}
	return held, err
}

// fileNamed says how the file of a key is named, as far as its id tells.
func fileNamed(l keys.Lack) string {
	switch l.Use {
	case useSealing:
		return "another seal.key"
	case useCredentials:
		return vaultFiles([]string{l.Key})
	}
	for _, u := range signingUses {
		if u.noun == l.Use {
			return fmt.Sprintf("%q", u.begin+"*-"+short(l.Key)+u.end)
		}
	}
	return short(l.Key)
}

// short is what the name of a key's file has of its id.
func short(id string) string { return id[:min(len(id), shortID)] }

// tellKeys says what is in use, and what waits for whom, when that has changed.
func (o *instance) tellKeys(a keys.Agreement) {
	var waits []string
	for _, l := range a.Waiting {
		waits = append(waits, fmt.Sprintf("%s lacks %s", l.Portal, fileNamed(l)))
	}
	told := fmt.Sprint(a.InUse, waits)
	if told == o.shared.told {
		return
	}
	o.shared.told = told
	line := o.log.Info()
	if len(waits) > 0 {
		line = o.log.Warn().Strs("waiting", waits)
	}
	for use, key := range a.InUse {
		line.Str(use, short(key))
	}
	line.Msg("the keys in use by all portals; a new one is used when all have it")
}

// keepAgreeing agrees again and again, and at the end leaves the others.
func (o *instance) keepAgreeing(ctx context.Context) {
	told := ""
	every(ctx, agreeEvery, func() {
		err := o.agree(ctx)
		if errors.Is(err, store.ErrUnavailable) {
			return // which is told once, by who cannot reach it
		}
		if now := fmt.Sprint(err); now != told {
			told = now
			o.report("keys", err)
		}
	})
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	o.report("keys", o.shared.portals.Leave(leaving))
}

// nameOf is what the other portals call this one, in their logs.
func nameOf(listen string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return host + " (" + listen + ")"
}
