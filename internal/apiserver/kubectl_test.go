package apiserver_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/kubectl/pkg/cmd"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	"skiff/internal/apiserver/apitest"
)

// kubectl runs kubectl itself against a server.
type kubectl struct {
	t          *testing.T
	dir        string
	kubeconfig string
}

func newKubectl(t *testing.T, config *rest.Config) *kubectl {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "config")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"c": {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"u": {Token: config.BearerToken}},
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "c", AuthInfo: "u"}},
		CurrentContext: "x",
	}, file)
	if err != nil {
		t.Fatal(err)
	}
	return &kubectl{t, dir, file}
}

// failed carries kubectl's last words out of it.
type failed struct{ text string }

// run returns what kubectl prints, and what it says when it fails.
func (k *kubectl) run(args ...string) (out, fault string) {
	k.t.Helper()
	cmdutil.BehaviorOnFatal(func(text string, _ int) { panic(failed{text}) })
	defer cmdutil.DefaultBehaviorOnFatal()
	var stdout, stderr bytes.Buffer
	flags := genericclioptions.NewConfigFlags(true)
	cache := filepath.Join(k.dir, "cache")
	flags.KubeConfig, flags.CacheDir = &k.kubeconfig, &cache
	c := cmd.NewKubectlCommand(cmd.KubectlOptions{
		Arguments: append([]string{"kubectl"}, args...), ConfigFlags: flags,
		IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &stdout, ErrOut: &stderr},
	})
	c.SetArgs(args)
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	defer func() {
		if p := recover(); p != nil {
			f, ok := p.(failed)
			if !ok {
				panic(p)
			}
			out, fault = stdout.String(), f.text
		}
	}()
	if err := c.Execute(); err != nil {
		return stdout.String(), err.Error()
	}
	return stdout.String() + stderr.String(), ""
}

// must runs kubectl and wants each text in what it prints. "-f -" stands for
// a file with the manifest.
func (k *kubectl) must(manifest, line string, texts ...string) {
	k.t.Helper()
	file := filepath.Join(k.dir, "manifest.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		k.t.Fatal(err)
	}
	out, fault := k.run(strings.Fields(strings.Replace(line, "-f -", "-f "+file, 1))...)
	if fault != "" {
		k.t.Errorf("kubectl %s: %s", line, fault)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			k.t.Errorf("kubectl %s prints\n%s\nwithout %q", line, out, text)
		}
	}
}

const manifest = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: web}}
data: {color: %s}
`

func TestKubectl(t *testing.T) {
	s := apitest.Start(t)
	k := newKubectl(t, s.Listen("admin", "system:masters"))

	k.must("", "get --raw /version", "v1.37.2+skiff")
	k.must("", "api-resources --api-group=apps", "deployments", "deploy", "apps/v1")
	k.must("", "api-versions", "rbac.authorization.k8s.io/v1")
	k.must(fmt.Sprintf(manifest, "red"), "apply -f -", "configmap/settings created")
	k.must(fmt.Sprintf(manifest, "red"), "apply -f -", "configmap/settings unchanged")
	k.must(fmt.Sprintf(manifest, "blue"), "apply -f -", "configmap/settings configured")
	k.must("", "get cm settings -o jsonpath={.data.color}", "blue")
	k.must("", "get cm", "NAME", "DATA", "AGE", "settings")
	k.must("", "get cm -A --show-labels", "app=web")
	k.must("", "get cm settings -o yaml", "color: blue", "kind: ConfigMap")
	k.must("", "describe cm settings", "color:")
	k.must("", "explain deployment.spec.replicas", "FIELD: replicas")
	k.must("", "label cm settings tier=front", "configmap/settings labeled")
	k.must("", "annotate cm settings note=x", "annotated")
	k.must(fmt.Sprintf(manifest, "green"), "apply --server-side --force-conflicts -f -", "serverside-applied")
	k.must("", "create deployment web --image=nginx --replicas=2", "deployment.apps/web created")
	k.must("", "get deploy", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "0/2")
	k.must("", "get deploy -o wide", "CONTAINERS", "nginx", "app=web")
	k.must("", "scale deploy web --replicas=5", "scaled")
	k.must("", "set image deploy/web nginx=httpd", "image updated")
	k.must("", "get deploy web -o jsonpath={.spec.replicas}/{.spec.template.spec.containers[0].image}", "5/httpd")
	k.must("", "get all -l app=web", "deployment.apps/web")
	k.must("", "patch deploy web --type=json -p [{\"op\":\"remove\",\"path\":\"/metadata/labels/app\"}]", "patched")
	k.must("", "delete deploy web", "deleted")
	k.must("", "delete cm -l app=web", `configmap "settings" deleted`)
	k.must("", "get cm", "No resources found in default namespace.")
}

func TestKubectlSaysWhatIsWrong(t *testing.T) {
	s := apitest.Start(t)
	k := newKubectl(t, s.Listen("admin", "system:masters"))
	file := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(file, []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatum: {x: y}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ line, text string }{
		{"get pod none", `Error from server (NotFound): pods "none" not found`},
		{"get thing", `error: the server doesn't have a resource type "thing"`},
		{"apply -f " + file, `strict decoding error: unknown field "datum"`},
		{"get pods --field-selector=spec.foo=x", "field label not supported: spec.foo"},
		{"create cm A_b", `ConfigMap "A_b" is invalid: metadata.name: Invalid value: "A_b"`},
	}
	for _, tt := range tests {
		if out, fault := k.run(strings.Fields(tt.line)...); !strings.Contains(fault+out, tt.text) {
			t.Errorf("kubectl %s says %q %q; want %q", tt.line, fault, out, tt.text)
		}
	}
}
