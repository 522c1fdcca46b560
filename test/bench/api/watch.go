package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"skiff/test/bench/standalone"
)

const (
	watchers = 500
	updates  = 200
)

// watchIn has 500 watchers of one object see 200 updates of it, in the
// encoding given, one update after the other. The cost is that of one event
// to one watcher; what the updates cost by themselves is taken off.
func watchIn(accept string) func(context.Context, *bench) (*sample, error) {
	return func(ctx context.Context, b *bench) (*sample, error) {
		alone, err := b.updates(ctx, nil)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithCancel(ctx)
		a := &audience{}
		defer a.all.Wait()
		defer cancel()
		if err := a.gather(ctx, b, accept); err != nil {
			return nil, err
		}
		began := time.Now()
		spent, err := b.updates(ctx, a)
		if err != nil {
			return nil, err
		}
		return &sample{per: watchers * updates, elapsed: time.Since(began), bytes: a.bytes, took: a.took, cpu: spent - alone}, nil
	}
}

// updates patches the watched object, awaits that the audience has seen each
// one, and returns what CPU the server spent.
func (b *bench) updates(ctx context.Context, a *audience) (time.Duration, error) {
	before := b.CPU()
	for n := range updates {
		sent := time.Now()
		_, err := b.clients[0].Do(ctx, standalone.Request{
			Method: "PATCH", Path: podsPath + "/" + podName(0), Accept: protoType, ContentType: "application/merge-patch+json",
			Body: fmt.Appendf(nil, `{"metadata":{"labels":{"changed":"%d-%d"}}}`, n, sent.UnixNano()),
		})
		if err != nil {
			return 0, err
		}
		if a != nil {
			if err := a.await(ctx, sent); err != nil {
				return 0, err
			}
		}
	}
	return b.CPU() - before, nil
}

// audience is all who watch.
type audience struct {
	all     sync.WaitGroup
	arrived chan arrival
	took    []time.Duration
	bytes   int64
}

// arrival is an event at one watcher.
type arrival struct {
	at   time.Time
	size int
	err  error
}

// gather starts the watches and waits until each has shown the object as it
// is.
func (a *audience) gather(ctx context.Context, b *bench, accept string) error {
	a.arrived = make(chan arrival, watchers)
	path := podsPath + "?watch=true&fieldSelector=metadata.name%3D" + podName(0)
	for n := range watchers {
		resp, err := b.clients[n%len(b.clients)].Send(ctx, standalone.Request{Path: path, Accept: accept})
		if err != nil {
			return err
		}
		read := readLine
		if strings.HasPrefix(accept, protoType) {
			read = readFrame
		}
		a.all.Go(func() {
			defer resp.Body.Close()
			for r := bufio.NewReaderSize(resp.Body, 16<<10); ; {
				size, err := read(r)
				select {
				case a.arrived <- arrival{time.Now(), size, err}:
				case <-ctx.Done():
					return
				}
				if err != nil {
					return
				}
			}
		})
	}
	return a.await(ctx, time.Time{})
}

// await waits until an event has come to every watcher.
func (a *audience) await(ctx context.Context, sent time.Time) error {
	for range watchers {
		select {
		case one := <-a.arrived:
			if one.err != nil {
				return fmt.Errorf("a watch ended: %w", one.err)
			}
			if !sent.IsZero() {
				a.took = append(a.took, one.at.Sub(sent))
				a.bytes += int64(one.size)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// readLine reads an event in JSON.
func readLine(r *bufio.Reader) (int, error) {
	for size := 0; ; {
		part, err := r.ReadSlice('\n')
		size += len(part)
		if err != bufio.ErrBufferFull {
			return size, err
		}
	}
}

// readFrame reads an event in protobuf.
func readFrame(r *bufio.Reader) (int, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, err
	}
	n, err := r.Discard(int(binary.BigEndian.Uint32(head[:])))
	return len(head) + n, err
}
