package network

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/version"
)

// cniVersion is the CNI version of the configuration. From 1.1.0 on the
// runtime would start the plug-in whenever the kubelet asks for its status.
const cniVersion = "1.0.0"

// request is what the runtime asks of a CNI plug-in.
type request struct {
	Command     string
	ContainerID string
	Netns       string
	IfName      string
	Pod         string // NAMESPACE/NAME
	Version     string
	Ports       []portMapping
}

// parseRequest reads what the CNI forwarder sends: variables, each ended by a
// zero byte, an empty one, and the plug-in's configuration.
func parseRequest(data []byte) (request, error) {
	vars := map[string]string{}
	for {
		v, rest, found := bytes.Cut(data, []byte{0})
		if !found {
			return request{}, errors.New("the request has no end of variables")
		}
		data = rest
		if len(v) == 0 {
			break
		}
		name, value, _ := strings.Cut(string(v), "=")
		vars[name] = value
	}
	r := request{
		Command: vars["CNI_COMMAND"], ContainerID: vars["CNI_CONTAINERID"],
		Netns: vars["CNI_NETNS"], IfName: vars["CNI_IFNAME"], Pod: podName(vars["CNI_ARGS"]),
	}
	var conf struct {
		CNIVersion    string `json:"cniVersion"`
		RuntimeConfig struct {
			PortMappings []portMapping `json:"portMappings"`
		} `json:"runtimeConfig"`
	}
	if err := json.Unmarshal(data, &conf); err != nil && r.Command != "VERSION" {
		return r, fmt.Errorf("the configuration is not JSON: %w", err)
	}
	r.Version, r.Ports = conf.CNIVersion, conf.RuntimeConfig.PortMappings
	return r, nil
}

// podName reads NAMESPACE/NAME from CNI_ARGS ("K=V;K=V").
func podName(args string) string {
	var namespace, name string
	for arg := range strings.SplitSeq(args, ";") {
		switch key, value, _ := strings.Cut(arg, "="); key {
		case "K8S_POD_NAMESPACE":
			namespace = value
		case "K8S_POD_NAME":
			name = value
		}
	}
	if name == "" {
		return ""
	}
	return namespace + "/" + name
}

// resultOf is the answer to ADD.
func resultOf(cfg Config, r podRecord, gw netip.Addr, hostMAC, podMAC string) *current.Result {
	inPod := 1 // index into Interfaces
	return &current.Result{
		CNIVersion: cniVersion,
		Interfaces: []*current.Interface{
			{Name: cfg.podLink(r.IP), Mac: hostMAC},
			{Name: r.IfName, Mac: podMAC, Sandbox: r.Netns},
		},
		IPs:    []*current.IPConfig{{Interface: &inPod, Address: *hostNet(r.IP), Gateway: gw.AsSlice()}},
		Routes: []*types.Route{{Dst: *hostNet(gw)}, {Dst: defaultRoute, GW: gw.AsSlice()}},
	}
}

// encode writes a result in the version that was asked for.
func encode(result *current.Result, wanted string) ([]byte, error) {
	if wanted == "" {
		wanted = cniVersion
	}
	converted, err := result.GetAsVersion(wanted)
	if err != nil {
		return nil, err
	}
	return json.Marshal(converted)
}

// versionAnswer is the answer to VERSION.
func versionAnswer() ([]byte, error) {
	var b bytes.Buffer
	err := version.PluginSupports("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0").Encode(&b)
	return b.Bytes(), err
}

// failure is an error as CNI writes it. Codes up to 99 have CNI's meanings.
func failure(code uint, err error) []byte {
	data, _ := json.Marshal(map[string]any{"cniVersion": cniVersion, "code": code, "msg": err.Error()})
	return data
}

// conflist is the configuration that makes the runtime call this plug-in.
func conflist() []byte {
	return []byte(`{
  "cniVersion": "` + cniVersion + `",
  "name": "skiff",
  "plugins": [
    {"type": "skiff-cni", "capabilities": {"portMappings": true}}
  ]
}
`)
}
