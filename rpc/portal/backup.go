package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/backup"
	"github.com/portico-vco/portico/rpc"
)

// The methods on backups are ours. What is in a backup is never sent.
func (p Portal) backupRows() []rpc.Method {
	return []rpc.Method{
		{Name: "system/createBackup", Doc: "Begins a backup of the store into a file on the portal's side; a superuser's session alone may. The keys are not in it.",
			Rule: auth.All(auth.EditRestricted).Callers(auth.Operator).Humans(), Do: rpc.Func(p.createBackup)},
		{Name: "system/getBackups", Doc: "Lists the backups, the latest first, and how far the one is that is under way.",
			Rule: auth.All(auth.Read.On(auth.SystemProperty)).Callers(auth.Operator), Do: rpc.Func(p.getBackups)},
	}
}

// CreateBackup is the params of system/createBackup.
type CreateBackup struct {
	Name string `json:"name" doc:"Up to 64 letters, digits, - and _, which no other backup has. Without it the name tells the time."`
}

// A Backup is a file, or what shall become one.
type Backup struct {
	Name    string   `json:"name"`
	State   string   `json:"state" enum:"RUNNING|DONE|FAILED"`
	Bytes   int64    `json:"bytes" doc:"How many are done."`
	OfBytes int64    `json:"ofBytes" doc:"Of how many; 0 before that is known."`
	Created rpc.Time `json:"created" doc:"When it was asked for; null after a restart."`
	Ended   rpc.Time `json:"ended"`
	Problem *string  `json:"problem" doc:"Why it failed."`
}

func shownBackup(b backup.Backup) Backup {
	return Backup{
		Name: b.Name, State: string(b.State), Bytes: b.Bytes, OfBytes: b.Of, Created: rpc.At(b.Begun), Ended: rpc.At(b.Ended), Problem: text(b.Problem),
	}
}

func (p Portal) createBackup(ctx context.Context, by *auth.Principal, in CreateBackup) (Backup, error) {
	b, err := p.backups.Create(ctx, by, in.Name)
	return shownBackup(b), err
}

func (p Portal) getBackups(context.Context, *auth.Principal, None) ([]Backup, error) {
	list, err := p.backups.List()
	out := make([]Backup, len(list))
	for i, b := range list {
		out[i] = shownBackup(b)
	}
	return out, err
}
