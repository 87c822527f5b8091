package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A State is where a backup is in its life.
type State string

const (
	Running State = "RUNNING"
	Done    State = "DONE"
	Failed  State = "FAILED" // there is no file of it
)

// A Backup is a file in the folder of backups, or what shall become one.
type Backup struct {
	Name      string
	State     State
	Bytes, Of int64     // that are done, of how many as far as that is known
	Begun     time.Time // known of the last one alone
	Ended     time.Time
	Problem   string // of one that failed
}

// A Copy makes a copy of the store at path, where there must be nothing, as of the time; see store.DB.
type Copy func(ctx context.Context, path string, at time.Time, progress func(done, all int64)) error

// Backups makes the backups of a portal and keeps them in a folder.
type Backups struct {
	accounts *account.Accounts
	folder   string
	copy     Copy

	mu   sync.Mutex
	last *Backup // the one that is under way, or else the last one that was
	next chan struct{}
}

// New makes the keeper.
func New(a *account.Accounts, folder string, c Copy) *Backups {
	return &Backups{accounts: a, folder: folder, copy: c, next: make(chan struct{}, 1)}
}

// names are plain: no path, and nothing that a shell would take for something else.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// Ending is how the name of a file ends.
const Ending = ".backup"

// Create begins a backup of that name, or of one that tells the time. It is for superusers of the operator in a session: a token
// that was stolen shall not carry the store off. A second one while one is under way is a Conflict, and so is a name that is
// taken.
func (b *Backups) Create(ctx context.Context, by *auth.Principal, name string) (Backup, error) {
	now := b.accounts.Now()
	name = cmp.Or(name, "portico-"+now.Format("20060102T150405Z"))
	switch {
	case !names.MatchString(name):
		return Backup{}, auth.BadField("name", "has up to 64 letters, digits, - and _")
	case by.IsPortal():
	case by.Means != auth.BySession:
		return Backup{}, auth.Errorf(auth.WrongCaller, "method [%s] needs a session", by.Method)
	case !by.IsSuper() || by.UserType != auth.Operator:
		return Backup{}, auth.Errorf(auth.Forbidden, "the privilege of a superuser is required for method [%s]", by.Method)
	}
	name += Ending
	if _, err := os.Lstat(b.path(name)); err == nil {
		return Backup{}, auth.Errorf(auth.Conflict, "there is a backup named [%s]", name)
	}
	begun := Backup{Name: name, State: Running, Begun: now}
	if !b.begin(begun) {
		return Backup{}, auth.Errorf(auth.Conflict, "another backup is under way")
	}
	err := b.accounts.Store.Update(ctx, func(tx store.Tx) error {
		return b.accounts.Record(tx, by, auth.Network(), happening("CREATE_BACKUP", account.Notice, begun))
	})
	if err != nil {
		b.drop()
		return Backup{}, err
	}
	b.next <- struct{}{} // there is room: it is one at a time
	return begun, nil
}

func (b *Backups) path(name string) string { return filepath.Join(b.folder, name) }

// begin takes the place of the one that is under way.
func (b *Backups) begin(one Backup) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last != nil && b.last.State == Running {
		return false
	}
	b.last = &one
	return true
}

// drop takes back the one that was to begin.
func (b *Backups) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = nil
}

// change lets f write into what List shows of the last one, and answers it.
func (b *Backups) change(f func(*Backup)) Backup {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(b.last)
	return *b.last
}

func happening(event, severity string, of Backup) account.Happening {
	h := account.Happening{
		Name: event, Category: account.OfSystem, Severity: severity, Message: of.Name, Detail: map[string]any{"name": of.Name},
	}
	if of.State != Running {
		h.Detail["bytes"], h.Detail["durationMs"] = of.Bytes, of.Ended.Sub(of.Begun).Milliseconds()
	}
	if of.Problem != "" {
		h.Detail["problem"] = of.Problem
	}
	return h
}

// Run makes the backups that are asked for until ctx ends, which ends also the one that is under way. tell hears how they come on.
func (b *Backups) Run(ctx context.Context, tell func(Backup)) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-b.next:
			b.make(ctx, tell)
		}
	}
}

// Settle makes the one that was asked for, and returns what became of it. It is for a portal that does not run.
func (b *Backups) Settle(ctx context.Context, tell func(Backup)) (Backup, error) {
	<-b.next
	return b.make(ctx, tell)
}

// tellEvery is how often Run tells of a backup that takes long.
const tellEvery = 2 * time.Second

// make makes the backup that is under way. What became of it is in the record, also when it was the end of the program.
func (b *Backups) make(ctx context.Context, tell func(Backup)) (Backup, error) {
	now := b.change(func(*Backup) {})
	tell(now)
	told := now.Begun
	err := b.copy(ctx, b.path(now.Name), now.Begun, func(done, all int64) {
		now = b.change(func(o *Backup) { o.Bytes, o.Of = done, all })
		if at := b.accounts.Now(); at.Sub(told) >= tellEvery {
			told = at
			tell(now)
		}
	})
	now.State, now.Ended = Done, b.accounts.Now()
	event, severity := "BACKUP_CREATED", account.Info
	if err != nil {
		now.State, now.Problem = Failed, err.Error()
		event, severity = "BACKUP_FAILED", account.Warning
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellEvery)
	defer cancel()
	err = errors.Join(err, b.accounts.Store.Update(ctx, func(tx store.Tx) error {
		return b.accounts.Record(tx, account.System("portico/backup"), auth.Network(), happening(event, severity, now))
	}))
	b.change(func(o *Backup) { *o = now })
	tell(now)
	return now, err
}

// most is how many backups List shows.
const most = 1000

// List answers the backups that there are, the latest first, and before them the one that is under way or that failed last.
func (b *Backups) List() ([]Backup, error) {
	entries, err := os.ReadDir(b.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("folder of backups: %w", err)
	}
	var list []Backup
	for _, e := range entries {
		name, ends := strings.CutSuffix(e.Name(), Ending)
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !ends || !names.MatchString(name) {
			continue
		}
		list = append(list, Backup{Name: e.Name(), State: Done, Bytes: info.Size(), Of: info.Size(), Ended: info.ModTime()})
	}
	slices.SortFunc(list, func(x, y Backup) int { return cmp.Or(y.Ended.Compare(x.Ended), cmp.Compare(y.Name, x.Name)) })
	list = list[:min(len(list), most)]
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last != nil && b.last.State != Done {
		list = slices.Insert(list, 0, *b.last)
	}
	return list, nil
}
