package apiserver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"

	"skiff/internal/apiserver/negotiate"
	"skiff/internal/store"
)

// watch streams what changes, until the client goes, its time is up, or the
// server stops.
func (x *exchange) watch() error {
	var err error
	if x.media, err = negotiate.Response(x.r, true, negotiate.JSON, negotiate.Proto, negotiate.CBOR); err != nil {
		return err
	}
	o, err := x.listOptions()
	if err != nil {
		return err
	}
	want, err := x.watchOptions(o)
	if err != nil {
		return err
	}
	frames, err := x.newFrames()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(x.ctx(), watchTime(o.TimeoutSeconds))
	defer cancel()
	defer context.AfterFunc(x.s.running, cancel)()
	want.Dropped, want.Begun = cancel, begun(x.ctx())
	w, failed := x.e.table.Watch(ctx, want)
	switch {
	case errors.Is(failed, store.ErrFuture):
		return tooLarge(o.ResourceVersion)
	case failed != nil && !errors.Is(failed, store.ErrExpired):
		return storeError(failed, x.e.r, "")
	}
	run := func(s sink) error {
		last := &lastWords{s: s}
		defer last.spoken()
		defer context.AfterFunc(ctx, last.hurry)()
		if failed != nil {
			return s.send(frames.failure(tooOld(o.ResourceVersion)))
		}
		defer w.Stop()
		return x.pump(w, frames, s).run()
	}
	if isWebSocket(x.r) {
		return x.watchOverWebSocket(run)
	}
	x.w.Header().Set("Content-Type", x.media.StreamType())
	x.w.Header().Set("X-Content-Type-Options", "nosniff")
	x.w.WriteHeader(http.StatusOK)
	s := &httpSink{w: x.w, control: http.NewResponseController(x.w)}
	_ = s.flush()
	_ = run(s) // the client has gone; it is not there to be told
	return nil
}

// sink takes the frames of a watch.
type sink interface {
	send(frame []byte) error
	flush() error
	// setDeadline makes what is sent after it, or is being sent then, fail.
	setDeadline(time.Time) error
}

// pump sends the events of a watch, with a relay where there can be one.
type pump struct {
	w      store.Watch
	frames *frames
	s      sink
	sent   func(frame []byte)
	relay  *relay // may be nil
}

func (x *exchange) pump(w store.Watch, f *frames, s sink) *pump {
	p := &pump{w: w, frames: f, s: s, sent: x.s.metrics.watches.sent(x.RequestInfo)}
	if out := errands(x.w); out != nil {
		p.relay = newRelay(out, f.event, p.sent)
	}
	return p
}

// run sends events until there are no more. It flushes when it has caught up,
// so that a burst travels together and a lone event at once; from then on the
// relay has the events. The end of the request's context ends the watch, and so
// the events.
func (p *pump) run() error {
	events := p.w.Events()
	var stuck chan struct{}
	if p.relay != nil {
		defer p.relay.close()
		stuck = p.relay.stuck
	}
	for {
		if p.relay != nil {
			p.w.Direct(p.relay.take)
		}
		select {
		case ev, open := <-events:
			if err := p.help(); err != nil {
				return err
			}
			if !open {
				return p.end()
			}
			if err := p.send(ev); err != nil {
				return err
			}
		case <-stuck:
			if err := p.help(); err != nil {
				return err
			}
		}
		if len(events) == 0 {
			if err := p.s.flush(); err != nil {
				return err
			}
		}
	}
}

// help sends what the relay has left. With nothing left the relay opens again,
// so all must be on its way before it asks.
func (p *pump) help() error {
	if p.relay == nil {
		return nil
	}
	for left := p.relay.left(); len(left) > 0; left = p.relay.left() {
		for _, ev := range left {
			if err := p.send(ev); err != nil {
				return err
			}
		}
		if err := p.s.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (p *pump) send(ev store.Event) error {
	frame, err := p.frames.event(ev)
	if err != nil {
		return errors.Join(err, p.s.send(p.frames.failure(err)), p.s.flush())
	}
	if err := p.s.send(frame); err != nil {
		return err
	}
	p.sent(frame)
	return nil
}

// end says why there are no more events, where the client does not know.
func (p *pump) end() error {
	if errors.Is(p.w.Err(), store.ErrExpired) && p.frames.first {
		return errors.Join(p.s.send(p.frames.failure(tooOld(""))), p.s.flush())
	}
	return p.s.flush()
}

// watchOptions translates the request into what the store is to send.
func (x *exchange) watchOptions(o *internalversion.ListOptions) (store.WatchOptions, error) {
	want := store.WatchOptions{
		Namespace: x.scope(), Labels: o.LabelSelector, Fields: o.FieldSelector, Bookmarks: o.AllowWatchBookmarks,
	}
	want.Name, _ = nameIn(o.FieldSelector)
	n, err := x.minRevision(o.ResourceVersion)
	if err != nil {
		return want, err
	}
	initial := o.SendInitialEvents
	switch {
	case initial != nil && *initial:
		want.Initial, want.MinRevision = true, n
	case n > 0:
		want.Since = n
	case initial != nil: // from now on, and nothing of what is there
		l, err := x.e.table.List(x.ctx(), store.ListOptions{Name: "-", MinRevision: n})
		if err != nil {
			return want, storeError(err, x.e.r, "")
		}
		want.Since = l.Revision
	default:
		want.MinRevision = n
	}
	return want, nil
}

// watchTime spreads the ends of watches over half an hour, so that the
// clients of a restarted server do not all come back at once, for ever.
func watchTime(asked *int64) time.Duration {
	if asked != nil && *asked > 0 {
		return time.Duration(*asked) * time.Second
	}
	return 30*time.Minute + rand.N(30*time.Minute)
}

func tooOld(version string) error {
	return apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %s", version))
}

// httpSink writes frames to the body of an answer.
type httpSink struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (s *httpSink) send(frame []byte) error {
	_, err := s.w.Write(frame)
	return err
}

func (s *httpSink) flush() error { return s.control.Flush() }

func (s *httpSink) setDeadline(at time.Time) error { return s.control.SetWriteDeadline(at) }

func isWebSocket(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") &&
		strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade")
}
