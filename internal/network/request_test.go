package network

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParseRequest(t *testing.T) {
	data := strings.Join([]string{
		"CNI_COMMAND=ADD", "CNI_CONTAINERID=c1", "CNI_NETNS=/run/netns/x", "CNI_IFNAME=eth0",
		"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web", "", `{"cniVersion":"1.0.0",
		"runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp","hostIP":"127.0.0.1"}]}}`,
	}, "\x00")
	got, err := parseRequest([]byte(data))
	want := request{
		Command: "ADD", ContainerID: "c1", Netns: "/run/netns/x", IfName: "eth0", Pod: "ns/web", Version: "1.0.0",
		Ports: []portMapping{{HostPort: 8080, ContainerPort: 80, Protocol: "tcp", HostIP: "127.0.0.1"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("parseRequest = %+v, %v; want %+v", got, err, want)
	}
}

func TestDispatchRefusesWhatIsNoRequest(t *testing.T) {
	p := &plugin{}
	for _, test := range []struct {
		name, data string
		code       float64
	}{
		{"cut off", "CNI_COMMAND=ADD\x00", codeInvalidConfig},
		{"no JSON", "CNI_COMMAND=ADD\x00\x00nonsense", codeInvalidConfig},
		{"no container", "CNI_COMMAND=ADD\x00CNI_IFNAME=eth0\x00\x00{}", codeInvalidEnvironment},
		{"unknown command", "CNI_COMMAND=FLY\x00CNI_CONTAINERID=c\x00CNI_IFNAME=eth0\x00\x00{}", codeInvalidEnvironment},
	} {
		answer := p.answer([]byte(test.data))
		var failed struct {
			Code float64
			Msg  string
		}
		if answer[0] != '1' || json.Unmarshal(answer[1:], &failed) != nil || failed.Code != test.code || failed.Msg == "" {
			t.Errorf("%s: the answer is %s, want a failure with code %v", test.name, answer, test.code)
		}
	}
}

func TestVersionNeedsNoConfiguration(t *testing.T) {
	answer := (&plugin{}).answer([]byte("CNI_COMMAND=VERSION\x00\x00"))
	if answer[0] != '0' || !strings.Contains(string(answer), cniVersion) {
		t.Errorf("VERSION answers %s", answer)
	}
}

func TestConflistIsJSON(t *testing.T) {
	var list struct {
		CNIVersion string
		Plugins    []struct {
			Type         string
			Capabilities map[string]bool
		}
	}
	if err := json.Unmarshal(conflist(), &list); err != nil || len(list.Plugins) != 1 || !list.Plugins[0].Capabilities["portMappings"] {
		t.Errorf("the configuration is %s (%v)", conflist(), err)
	}
}
