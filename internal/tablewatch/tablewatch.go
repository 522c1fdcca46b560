// Package tablewatch tells the owner of an nftables table that somebody else
// has changed it: `nft flush ruleset`, which firewalls do when they start, takes
// every table with it.
//
// It listens to the kernel's notifications and polls nothing. It changes no
// table itself; what to do about a change is the owner's matter.
package tablewatch

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Watch listens for changes of one table, in any family, in the network
// namespace where it was opened.
type Watch struct {
	table   string
	conn    *netlink.Conn
	changed chan struct{}
}

// Open begins to listen: a change from now on is told of.
func Open(table string) (*Watch, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, fmt.Errorf("open a netlink socket for nftables' notifications: %w", err)
	}
	if err := conn.JoinGroup(unix.NFNLGRP_NFTABLES); err != nil {
		conn.Close()
		return nil, fmt.Errorf("listen to nftables' notifications: %w", err)
	}
	return &Watch{table: table, conn: conn, changed: make(chan struct{}, 1)}, nil
}

// Close ends Run, too.
func (w *Watch) Close() error { return w.conn.Close() }

// Changed has something in it after changes by others, however many.
func (w *Watch) Changed() <-chan struct{} { return w.changed }

// Own makes the changes that come over a connection the owner's, instead of
// those over the one before: give it to nftables.WithSockOptions. The kernel
// does not even send them: a table of thousands of Services is not read back
// each time that it is written. With a nil Watch it does nothing.
func (w *Watch) Own(conn *netlink.Conn) error {
	if w == nil {
		return nil
	}
	port, err := portOf(conn)
	if err != nil {
		return fmt.Errorf("find the address of a netlink socket: %w", err)
	}
	// One datagram holds the messages of one transaction, so its first tells.
	const portInHeader, pass, drop = 12, math.MaxInt32, 0
	filter, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: portInHeader, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: inNetworkOrder(port), SkipFalse: 1},
		bpf.RetConstant{Val: drop},
		bpf.RetConstant{Val: pass},
	})
	if err != nil {
		return err
	}
	return w.conn.SetBPF(filter)
}

// portOf is the address of a netlink socket, which its messages carry.
func portOf(conn *netlink.Conn) (port uint32, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	controlled := raw.Control(func(fd uintptr) {
		var name unix.Sockaddr
		if name, err = unix.Getsockname(int(fd)); err == nil {
			port = name.(*unix.SockaddrNetlink).Pid
		}
	})
	return port, errors.Join(controlled, err)
}

// inNetworkOrder is how a socket filter sees a number of this machine.
func inNetworkOrder(n uint32) uint32 {
	return binary.BigEndian.Uint32(binary.NativeEndian.AppendUint32(nil, n))
}

// Run listens until ctx ends or the watch is closed.
func (w *Watch) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { _ = w.conn.SetReadDeadline(time.Now()) })
	defer stop()
	for ctx.Err() == nil {
		messages, err := w.conn.Receive()
		switch {
		case errors.Is(err, unix.ENOBUFS):
			w.signal() // more was changed at once than there is room to tell
		case err != nil:
			if ctx.Err() == nil && !errors.Is(err, os.ErrClosed) {
				slog.Error("changes of nftables by others are no longer noticed", "table", w.table, "error", err)
			}
			return
		case touches(messages, w.table):
			w.signal()
		}
	}
}

func (w *Watch) signal() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// touches says whether a message is about the table. In all kinds of message
// but that of a generation the first attribute is its name.
func touches(messages []netlink.Message, table string) bool {
	const subsystem, family = 8, 4
	for _, m := range messages {
		kind := m.Header.Type & 0xff
		if m.Header.Type>>subsystem != unix.NFNL_SUBSYS_NFTABLES || kind == unix.NFT_MSG_NEWGEN || len(m.Data) < family {
			continue
		}
		attributes, err := netlink.NewAttributeDecoder(m.Data[family:])
		if err != nil {
			continue
		}
		for attributes.Next() {
			if attributes.Type() == unix.NFTA_TABLE_NAME && string(bytes.TrimRight(attributes.Bytes(), "\x00")) == table {
				return true
			}
		}
	}
	return false
}
