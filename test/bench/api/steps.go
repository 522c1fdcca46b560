package main

import (
	"context"
	"fmt"

	"skiff/test/bench/standalone"
)

// Media types of bodies and answers.
const (
	jsonType  = "application/json"
	protoType = "application/vnd.kubernetes.protobuf"
	tableType = "application/json;as=Table;v=v1;g=meta.k8s.io"
	metaType  = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

	podsPath  = "/api/v1/namespaces/default/pods"
	sparePath = "/api/v1/namespaces/spare/pods"
)

// step is one row: a kind of request, sent count times by several clients at
// once, or something of its own.
type step struct {
	name, target string
	count        func(b *bench) int
	parallel     int
	request      func(n int) standalone.Request
	// fills: the steps that come after need what this one makes; it is run in
	// any case.
	fills bool
	// once: it cannot be repeated, or there is nothing to count in it.
	once bool
	// run is for what is not one request after the other.
	run func(ctx context.Context, b *bench) (*sample, error)
}

func times(n int) func(*bench) int { return func(*bench) int { return n } }

var steps = []step{
	{name: "empty", target: "90 MB", run: empty, fills: true, once: true},
	{name: "create, JSON", target: "0.8 ms", fills: true, count: func(b *bench) int { return b.pods }, parallel: 8, request: func(n int) standalone.Request {
		return standalone.Request{Method: "POST", Path: podsPath, Accept: jsonType, ContentType: jsonType, Body: asJSON(pod(podName(n), n))}
	}},
	{name: "settled", target: "150 MB", run: settled, once: true},
	{name: "create, protobuf", target: "0.8 ms", fills: true, count: times(2000), parallel: 8, request: func(n int) standalone.Request {
		return standalone.Request{Method: "POST", Path: sparePath, Accept: protoType, ContentType: protoType, Body: asProto(pod(podName(n), n))}
	}},
	{name: "get, JSON", target: "0.15 ms", count: times(10000), parallel: 8, request: func(n int) standalone.Request {
		return standalone.Request{Path: podsPath + "/" + podName(n*7%1000), Accept: jsonType}
	}},
	{name: "get, protobuf", target: "0.15 ms", count: times(10000), parallel: 8, request: func(n int) standalone.Request {
		return standalone.Request{Path: podsPath + "/" + podName(n*7%1000), Accept: protoType}
	}},
	{name: "patch, strategic", target: "1 ms", count: times(2000), parallel: 8, request: func(n int) standalone.Request {
		return standalone.Request{Method: "PATCH", Path: sparePath + "/" + podName(n), Accept: jsonType, ContentType: "application/strategic-merge-patch+json", Body: label(n)}
	}},
	{name: "patch, merge", target: "1 ms", count: times(2000), parallel: 8, request: func(n int) standalone.Request {
		return standalone.Request{Method: "PATCH", Path: sparePath + "/" + podName(n), Accept: jsonType, ContentType: "application/merge-patch+json", Body: label(n + 1)}
	}},
	{name: "delete", once: true, count: times(2000), parallel: 8, request: func(n int) standalone.Request {
		return standalone.Request{Method: "DELETE", Path: sparePath + "/" + podName(n) + "?gracePeriodSeconds=0", Accept: jsonType}
	}},
	{name: "watch, JSON, 500", target: "6 µs", run: watchIn(jsonType)},
	{name: "watch, protobuf, 500", target: "6 µs", run: watchIn(protoType)},
	{name: "watch, table, 500", target: "6 µs", run: watchIn(tableType)},
	list("list, JSON", "60 ms", 20, jsonType, ""),
	list("list, JSON, rv=0", "60 ms", 20, jsonType, "resourceVersion=0"),
	list("list, protobuf", "40 ms", 20, protoType, ""),
	list("list, table", "80 ms", 20, tableType, ""),
	list("list, metadata", "", 20, metaType, ""),
	list("list, label 1 %", "2 ms", 200, jsonType, "labelSelector=rare"),
	list("list, YAML", "", 4, "application/yaml", ""),
	list("list, CBOR", "", 8, "application/cbor", ""),
	gzipped(list("list, JSON, gzip", "", 8, jsonType, "")),
	parallel(list("8 lists, JSON", "+20 MB", 16, jsonType, "")),
	parallel(list("8 lists, protobuf", "+20 MB", 16, protoType, "")),
	parallel(list("8 lists, table", "+20 MB", 16, tableType, "")),
	parallel(gzipped(list("8 lists, JSON, gzip", "+20 MB", 8, jsonType, ""))),
	parallel(gzipped(list("8 lists, protobuf, gzip", "+20 MB", 8, protoType, ""))),
	informers(list("100 lists at once, protobuf", "+20 MB", 100, protoType, "resourceVersion=0")),
	informers(list("100 lists at once, JSON", "+20 MB", 100, jsonType, "resourceVersion=0")),
	parallel(list("8 lists, YAML", "+20 MB", 8, "application/yaml", "")),
	parallel(list("8 lists, CBOR", "+20 MB", 8, "application/cbor", "")),
}

func list(name, target string, count int, accept, query string) step {
	return step{name: name, target: target, count: times(count), parallel: 1, request: func(int) standalone.Request {
		return standalone.Request{Path: podsPath + "?" + query, Accept: accept}
	}}
}

func gzipped(s step) step {
	plain := s.request
	s.request = func(n int) standalone.Request {
		r := plain(n)
		r.Encoding = "gzip"
		return r
	}
	return s
}

func parallel(s step) step {
	s.parallel = 8
	return s
}

// informers is a hundred that start at the same moment.
func informers(s step) step {
	s.parallel = 100
	return s
}

func podName(n int) string { return fmt.Sprintf("web-%05d", n) }

func label(n int) []byte { return fmt.Appendf(nil, `{"metadata":{"labels":{"changed":"%d"}}}`, n) }
