//go:build linux

package main

import (
	"context"
	"maps"
	"slices"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// An inode is a node as the kernel sees it. Only what a portal does to its folder is there.
type inode struct {
	fs.Inode
	disk *disk
	node *node
}

var (
	_ fs.NodeLookuper  = (*inode)(nil)
	_ fs.NodeReaddirer = (*inode)(nil)
	_ fs.NodeCreater   = (*inode)(nil)
	_ fs.NodeMkdirer   = (*inode)(nil)
	_ fs.NodeUnlinker  = (*inode)(nil)
	_ fs.NodeRmdirer   = (*inode)(nil)
	_ fs.NodeRenamer   = (*inode)(nil)
	_ fs.NodeLinker    = (*inode)(nil)
	_ fs.NodeOpener    = (*inode)(nil)
	_ fs.NodeReader    = (*inode)(nil)
	_ fs.NodeWriter    = (*inode)(nil)
	_ fs.NodeFsyncer   = (*inode)(nil)
	_ fs.NodeGetattrer = (*inode)(nil)
	_ fs.NodeSetattrer = (*inode)(nil)
)

// child is the inode of a node in this folder.
func (i *inode) child(ctx context.Context, n *node, out *fuse.EntryOut) *fs.Inode {
	n.attr(&out.Attr)
	stable := fs.StableAttr{Mode: n.mode & syscall.S_IFMT, Ino: n.number}
	return i.NewInode(ctx, &inode{disk: i.disk, node: n}, stable)
}

func (n *node) attr(a *fuse.Attr) {
	a.Ino, a.Mode, a.Nlink, a.Size, a.Blksize = n.number, n.mode, n.links, uint64(len(n.data)), 4096
	a.Blocks = (a.Size + sector - 1) / sector
	a.Owner = fuse.Owner{Uid: n.uid, Gid: n.gid}
	a.SetTimes(&n.modified, &n.modified, &n.modified)
}

func (i *inode) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	n := i.node.names[name]
	if n == nil {
		return nil, syscall.ENOENT
	}
	return i.child(ctx, n, out), 0
}

func (i *inode) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	var list []fuse.DirEntry
	for _, name := range slices.Sorted(maps.Keys(i.node.names)) {
		n := i.node.names[name]
		list = append(list, fuse.DirEntry{Name: name, Mode: n.mode, Ino: n.number})
	}
	return fs.NewListDirStream(list), 0
}

func (i *inode) Create(ctx context.Context, name string, _ uint32, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n, errno := i.make(name, syscall.S_IFREG|mode&0o7777)
	if errno != 0 {
		return nil, nil, 0, errno
	}
	return i.child(ctx, n, out), nil, 0, 0
}

func (i *inode) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n, errno := i.make(name, syscall.S_IFDIR|mode&0o7777)
	if errno != 0 {
		return nil, errno
	}
	return i.child(ctx, n, out), 0
}

func (i *inode) make(name string, mode uint32) (*node, syscall.Errno) {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	if errno := i.disk.fails("create", name); errno != 0 {
		return nil, errno
	}
	n := i.disk.node(name, mode)
	i.node.move(move{name: n})
	return n, 0
}

func (i *inode) Unlink(_ context.Context, name string) syscall.Errno {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	if errno := i.disk.fails("remove", name); errno != 0 {
		return errno
	}
	i.node.names[name].links--
	i.node.move(move{name: nil})
	return 0
}

func (i *inode) Rmdir(_ context.Context, name string) syscall.Errno {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	if errno := i.disk.fails("remove", name); errno != 0 {
		return errno
	}
	if len(i.node.names[name].names) > 0 {
		return syscall.ENOTEMPTY
	}
	i.node.move(move{name: nil})
	return 0
}

func (i *inode) Rename(_ context.Context, from string, folder fs.InodeEmbedder, to string, flags uint32) syscall.Errno {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	if folder.(*inode).node != i.node {
		return syscall.EXDEV
	}
	if flags != 0 {
		return syscall.EINVAL
	}
	if errno := i.disk.fails("rename", to); errno != 0 {
		return errno
	}
	n := i.node.names[from]
	n.name = to
	i.node.move(move{to: n, from: nil})
	return 0
}

func (i *inode) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	if errno := i.disk.fails("link", name); errno != 0 {
		return nil, errno
	}
	n := target.(*inode).node
	n.links++
	n.name = name
	i.node.move(move{name: n})
	return i.child(ctx, n, out), 0
}

func (i *inode) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, 0, 0
}

func (i *inode) Read(_ context.Context, _ fs.FileHandle, dest []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	n := 0
	if at < int64(len(i.node.data)) {
		n = copy(dest, i.node.data[at:])
	}
	return fuse.ReadResultData(dest[:n]), 0
}

// Write changes nothing when it fails. But the kernel has put the bytes into its cache by then, and whoever has the file mapped
// sees them until it needs the room: a disk behind FUSE is one that shows what it has not written.
func (i *inode) Write(_ context.Context, _ fs.FileHandle, data []byte, at int64) (uint32, syscall.Errno) {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	if errno := i.disk.failsAt("write", i.node.name, at); errno != 0 {
		return 0, errno
	}
	i.node.change(change{at, slices.Clone(data)})
	return uint32(len(data)), 0
}

func (i *inode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	return i.disk.sync(i.node)
}

func (i *inode) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	i.node.attr(&out.Attr)
	return 0
}

// Setattr knows of lengths, which must be synced. Modes, owners and times are durable at once.
func (i *inode) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	i.disk.mu.Lock()
	defer i.disk.mu.Unlock()
	n := i.node
	if size, ok := in.GetSize(); ok {
		if errno := i.disk.fails("resize", n.name); errno != 0 {
			return errno
		}
		n.change(change{at: int64(size)})
	}
	if mode, ok := in.GetMode(); ok {
		n.mode = n.mode&syscall.S_IFMT | mode&0o7777
	}
	if uid, ok := in.GetUID(); ok {
		n.uid = uid
	}
	if gid, ok := in.GetGID(); ok {
		n.gid = gid
	}
	if at, ok := in.GetMTime(); ok {
		n.modified = at
	}
	n.attr(&out.Attr)
	return 0
}
