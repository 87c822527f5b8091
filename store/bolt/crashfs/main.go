//go:build linux

// Command crashfs owns a disk whose power can fail: a file system in memory that tells what was synced from what was not. It
// must not know what is stored on it.
//
//	crashfs FOLDER      mounts it there until its standard input ends, and obeys what comes in, a line at a time:
//
//	cut AFTER           once that many more operations have succeeded, the power is off: nothing changes any more, all fails
//	power SEED          it is on again: of what was not synced, chance keeps some, tears some and drops the rest
//	ops                 how many operations there were
//	fail OP NAME ERRNO AFTER [FROM [TO]]
//	                    once that many more operations of that kind (write, resize, sync, create, remove, rename, link) on what
//	                    has that name have succeeded, all fail; of writes those that begin from FROM on and before TO
//	mend                nothing fails any more
//	deaf true|false     whether syncs are answered and not done
//	syncs NAME          how often what has that name was synced
//
// Each is answered by a line that begins with "ok" or "error". Whoever uses the disk must be dead when the power fails: what he
// has open and mapped would stay as it was.
//
// It is a program, because a process that maps a file on a disk that it serves itself waits for itself; and a module, so that
// the portal's own does not know of FUSE. It needs root and /dev/fuse.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crashfs:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: crashfs FOLDER")
	}
	m := &mounted{folder: args[0], disk: newDisk()}
	if err := m.mount(); err != nil {
		return err
	}
	fmt.Println("ok mounted")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		answer, err := m.obey(strings.Fields(in.Text()))
		if err != nil {
			fmt.Println("error", err)
		} else {
			fmt.Println("ok", answer)
		}
	}
	return m.unmount()
}

type mounted struct {
	folder string
	disk   *disk
	server *fuse.Server
}

func (m *mounted) mount() (err error) {
	forever := time.Hour // all changes come through the kernel
	m.server, err = fs.Mount(m.folder, &inode{disk: m.disk, node: m.disk.root}, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "crashfs", Name: "crashfs", DisableXAttrs: true},
		EntryTimeout: &forever,
		AttrTimeout:  &forever,
	})
	return err
}

// unmount lets go of what nobody uses any more. Then the kernel knows nothing that the disk does not.
func (m *mounted) unmount() error {
	for range 100 {
		err := syscall.Unmount(m.folder, 0)
		if err == nil {
			m.server.Wait()
			return nil
		}
		if err != syscall.EBUSY {
			return err
		}
		time.Sleep(20 * time.Millisecond) // the dead take their time
	}
	return fmt.Errorf("%s is in use", m.folder)
}

func (m *mounted) obey(words []string) (answer string, err error) {
	words = append(words, "", "", "", "", "", "", "")
	switch words[0] {
	case "power":
		seed, err := strconv.ParseUint(words[1], 10, 64)
		if err != nil {
			return "", err
		}
		if err := m.unmount(); err != nil {
			return "", err
		}
		told := m.disk.fail(seed)
		return told, m.mount()
	case "cut":
		after, err := strconv.Atoi(words[1])
		m.disk.cut(after)
		return "", err
	case "ops":
		return strconv.Itoa(m.disk.opsSoFar()), nil
	case "fail":
		f := fault{op: words[1], name: words[2], errno: errnos[words[3]]}
		for i, n := range []*int64{&f.after, &f.from, &f.to} {
			if word := words[4+i]; word != "" {
				if *n, err = strconv.ParseInt(word, 10, 64); err != nil {
					return "", err
				}
			}
		}
		return "", m.disk.order(f)
	case "mend":
		m.disk.mend()
		return "", nil
	case "deaf":
		m.disk.setDeaf(words[1] == "true")
		return "", nil
	case "syncs":
		return strconv.Itoa(m.disk.syncsOf(words[1])), nil
	}
	return "", fmt.Errorf("%q is no order", words[0])
}
