package etcd

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/portico-vco/portico/store"
)

var (
	// ErrBehind says that the local copy may be older than is allowed. It serves again once it has caught up.
	ErrBehind = fmt.Errorf("%w: no answer from etcd", store.ErrUnavailable)

	// ErrUnknown says that etcd did not tell the outcome of a commit: it may have happened, or happen yet.
	ErrUnknown = fmt.Errorf("%w: etcd did not answer, the change may have been made or not", store.ErrUnavailable)

	// ErrNoStore says that there is nothing under the prefix, and Create was not asked for.
	ErrNoStore = errors.New("no store")

	// ErrForeign says that what is under the prefix is no store, or one of another version.
	ErrForeign = errors.New("not a store of this version of Portico")
)

// Options are how a store is opened.
type Options struct {
	Endpoints          []string    // host:port of the members
	TLS                *tls.Config // nil: in the clear
	Username, Password string
	Prefix             string // what the keys of this store begin with; all of it and a slash

	Create bool          // make a store where there is nothing
	As     store.Mark    // of a store that is made; without an id it has one of its own
	Aside  bool          // open also what is set aside
	Behind time.Duration // how old the local copy may be; 0 means two seconds

	Copy func(id string) (store.Engine, error) // makes the empty engine of a local copy
	Now  func() time.Time                      // with a monotonic clock
	Tell func(error)                           // hears, once each, of what goes wrong besides the calls; may be nil
}

func (o *Options) setDefaults() {
	o.Behind = cmp.Or(o.Behind, 2*time.Second)
	if o.Tell == nil {
		o.Tell = func(error) {}
	}
}

// Engine is the engine of a store in etcd.
type Engine struct {
	Options
	client  *clientv3.Client
	members *members
	keys    keyspace
	is      store.Mark
	marked  int64  // the revision of that
	process string // names this process in what it writes
	cluster uint64

	copy    atomic.Pointer[state] // stored under writing
	applied position              // of the copy
	saved   position              // of its engine
	first   latest[wish]
	parted  atomic.Bool           // a commit may have several transactions in one
	watched atomic.Int64          // up to this revision of etcd the copy has all there is
	trusted atomic.Int64          // the moment as of which the copy was the newest state, on the clock of since
	start   time.Time             // where that clock begins
	failed  atomic.Pointer[error] // for good
	over    chan struct{}         // closed with it

	onFailure atomic.Pointer[func(error)]

	writing   sync.Mutex    // of the copy
	written   sync.Cond     // on writing: another state of it may have more room
	unwritten chan struct{} // has one when there is something to write,
	isFull    chan struct{} // and one when that is urgent
	attempt   attempt       // under writing
	direct    bool          // under writing: a commit of this process needs no watch to be in the copy

	questions questions
	endWatch  atomic.Pointer[context.CancelFunc]
	stop      context.CancelFunc
	work      sync.WaitGroup
}

// Open opens the store under a prefix, and returns when the local copy is there. ctx bounds the opening.
func Open(ctx context.Context, o Options) (*store.DB, error) {
	e, err := New(ctx, o)
	if err != nil {
		return nil, err
	}
	return store.Open(e), nil
}

// ReadMark reads what the store under a prefix is marked with, whatever that is.
func ReadMark(ctx context.Context, o Options) (is store.Mark, err error) {
	o.Create, o.Aside = false, true
	e, err := connect(o)
	if err != nil {
		return is, err
	}
	err = errors.Join(e.identify(ctx), e.client.Close())
	return e.is, err
}

// New is Open for who puts something between the engine and the store.
func New(ctx context.Context, o Options) (*Engine, error) {
	e, err := connect(o)
	if err != nil {
		return nil, err
	}
	if err := e.begin(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func connect(o Options) (*Engine, error) {
	o.setDefaults()
	keys, err := under(o.Prefix)
	if err != nil {
		return nil, err
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints: o.Endpoints, TLS: o.TLS, Username: o.Username, Password: o.Password,
		DialTimeout: dialTime, DialKeepAliveTime: keepAlive, DialKeepAliveTimeout: o.Behind,
		DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(o.login)},
		Logger:      zap.NewNop(), // what matters is told by errors
	})
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	e := &Engine{
		Options: o, client: client, members: newMembers(o.Endpoints, client.SetEndpoints), keys: keys, process: uuid.NewString(), start: o.Now(),
		over: make(chan struct{}), questions: newQuestions(), unwritten: make(chan struct{}, 1), isFull: make(chan struct{}, 1),
	}
	e.written.L = &e.writing
	return e, nil
}

const (
	dialTime  = 5 * time.Second
	keepAlive = 5 * time.Second // servers take more frequent pings for an attack
)

// begin reads the mark, makes the copy, starts what keeps it, and waits until it is up to date.
func (e *Engine) begin(ctx context.Context) error {
	if err := e.identify(ctx); err != nil {
		return err
	}
	if err := e.measure(ctx); err != nil {
		return err
	}
	from, err := e.load(ctx)
	if err != nil {
		return err
	}
	background, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.work.Go(func() { e.follow(background, from) })
	e.work.Go(func() { e.keepWriting(background) })
	e.work.Go(func() { e.ask(background) })
	return e.settle(ctx)
}

// settle waits until the copy may be trusted: to make it takes as long as there is much in the store, and it may be old by then.
func (e *Engine) settle(ctx context.Context) error {
	for try := 1; ; try++ {
		err := e.CatchUp(ctx)
		if err == nil || e.failed.Load() != nil {
			return err
		}
		if pause(ctx, try) != nil {
			return err
		}
	}
}

// since is the time on a clock that nobody sets.
func (e *Engine) since() time.Duration { return e.Now().Sub(e.start) }

// Age is as store.Shared says.
func (e *Engine) Age() time.Duration { return e.since() - time.Duration(e.trusted.Load()) }

// Position is as store.Shared says.
func (e *Engine) Position() int64 { return e.applied.revision() }

// ID is as store.Engine says.
func (e *Engine) ID() string { return e.is.ID }

// View is as store.Engine says, of the local copy.
func (e *Engine) View(ctx context.Context, f func(store.Reader) error) error {
	if err := e.trust(); err != nil {
		return err
	}
	return e.read(ctx, f)
}

// trust says why the copy may not be trusted.
func (e *Engine) trust() error {
	if err := e.failed.Load(); err != nil {
		return *err
	}
	if age := e.Age(); age > e.Behind {
		return fmt.Errorf("%w for %v", ErrBehind, age.Round(100*time.Millisecond))
	}
	return nil
}

// fail refuses everything from now on.
func (e *Engine) fail(err error) {
	if e.failed.CompareAndSwap(nil, &err) {
		close(e.over)
		if f := e.onFailure.Load(); f != nil {
			(*f)(err)
		}
	}
}

// OnFailure is as store.Shared says.
func (e *Engine) OnFailure(f func(error)) {
	e.onFailure.Store(&f)
	if err := e.failed.Load(); err != nil {
		f(*err)
	}
}

// Size is that of the member's file that answers.
func (e *Engine) Size(ctx context.Context) (store.Size, error) {
	for _, endpoint := range e.Endpoints {
		asked, cancel := context.WithTimeout(ctx, e.Behind)
		s, err := e.client.Status(asked, endpoint)
		cancel()
		if err == nil {
			return store.Size{Total: s.DbSize, Free: s.DbSize - s.DbSizeInUse}, nil
		}
	}
	return store.Size{}, ErrBehind
}

// Copy is as store.Copier says, where the local copy's engine can.
func (e *Engine) Copy(ctx context.Context, path string, at time.Time, progress func(done, all int64)) error {
	if err := e.CatchUp(ctx); err != nil {
		return err
	}
	if err := e.allSaved(ctx); err != nil {
		return err
	}
	c, can := e.copy.Load().engine.(store.Copier)
	if !can {
		return fmt.Errorf("a copy of the store: %w", errors.ErrUnsupported)
	}
	return c.Copy(ctx, path, at, progress)
}

// Close is as store.Engine says.
func (e *Engine) Close() error {
	e.fail(store.ErrClosed)
	if e.stop != nil {
		e.stop()
	}
	e.work.Wait()
	err := e.client.Close()
	if s := e.copy.Load(); s != nil { // it has begun
		err = errors.Join(s.engine.Close(), err)
	}
	return err
}
