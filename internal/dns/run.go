package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"skiff/internal/servicecache"
)

// Run answers until ctx ends. It answers names outside the cluster at once, and
// the cluster's when the API was read for the first time; from then on it goes
// on answering what it knows while the API is away.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Informers == nil {
		factory, err := servicecache.NewForConfig(cfg.Client)
		if err != nil {
			return fmt.Errorf("dns: %w", err)
		}
		cfg.Informers = factory
	}
	services := cfg.Informers.Services().Informer()
	slices := cfg.Informers.EndpointSlices().Informer()
	r := newResolver(&cfg, cacheView{services.GetIndexer(), slices.GetIndexer()}, func() bool {
		return services.HasSynced() && slices.HasSynced()
	})
	cfg.Informers.Start(ctx)
	return serve(ctx, cfg.Listen, r)
}

func newResolver(cfg *Config, v view, synced func() bool) *resolver {
	avoid := []netip.Addr{cfg.ClusterDNS}
	for _, l := range cfg.Listen {
		avoid = append(avoid, l.Addr())
	}
	own := append(append([]netip.Prefix{}, cfg.ServiceCIDRs...), cfg.ClusterCIDRs...)
	return &resolver{
		zone: &zone{
			domain: dns.CanonicalName(cfg.domain()), view: v, dns: cfg.ClusterDNS, own: own,
			serial: uint32(time.Now().Unix()),
		},
		synced:  synced,
		forward: newForwarder((&resolvers{file: cfg.ResolvConf, avoid: avoid}).get),
		cache:   newAnswerCache(),
		now:     time.Now,
		log:     cfg.log(),
	}
}

// serve answers on all addresses, over UDP and TCP.
func serve(ctx context.Context, listen []netip.AddrPort, r *resolver) error {
	var servers []*dns.Server
	defer func() {
		for _, s := range servers {
			_ = s.Shutdown()
		}
	}()
	failed := make(chan error, 2*len(listen))
	for _, addr := range listen {
		pair, err := open(ctx, addr, r)
		if err != nil {
			return fmt.Errorf("dns: listen on %s: %w", addr, err)
		}
		for _, s := range pair {
			started := make(chan struct{})
			s.NotifyStartedFunc = func() { close(started) }
			servers = append(servers, s)
			go func() { failed <- s.ActivateAndServe() }()
			select {
			case <-started: // from here on Shutdown ends it
			case err := <-failed:
				return fmt.Errorf("dns: serve %s: %w", addr, err)
			}
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		if err == nil {
			err = errors.New("a server ended by itself")
		}
		return fmt.Errorf("dns: %w", err)
	}
}

// open makes the two servers of one address.
func open(ctx context.Context, addr netip.AddrPort, r *resolver) ([]*dns.Server, error) {
	packets, err := net.ListenPacket("udp", addr.String())
	if err != nil {
		return nil, err
	}
	stream, err := net.Listen("tcp", packets.LocalAddr().String())
	if err != nil {
		_ = packets.Close()
		return nil, err
	}
	return []*dns.Server{
		{PacketConn: packets, Handler: handler{ctx, r, "udp"}, UDPSize: dns.DefaultMsgSize},
		{Listener: stream, Handler: handler{ctx, r, "tcp"}},
	}, nil
}

// handler ties a resolver to one kind of socket.
type handler struct {
	ctx     context.Context
	r       *resolver
	network string
}

// ServeDNS is called by the dns library, in a goroutine for each question.
func (h handler) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	answer := h.r.resolve(h.ctx, q, h.network)
	fit(q, answer, h.network)
	_ = w.WriteMsg(answer)
}
