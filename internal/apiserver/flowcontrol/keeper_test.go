package flowcontrol_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	clientv1 "k8s.io/client-go/kubernetes/typed/flowcontrol/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/bootstrap"
	"skiff/internal/apiserver/fairness"
	"skiff/internal/apiserver/flowcontrol"
)

// cluster is a server that is shared as its objects say.
type cluster struct {
	*testing.T
	*apitest.Server
	api        clientv1.FlowcontrolV1Interface
	dispatcher *fairness.Dispatcher
}

func start(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{T: t, dispatcher: fairness.New(600, 1, time.Now())}
	c.Server = apitest.Start(t, func(config *apiserver.Config) { config.Fairness = c.dispatcher })
	c.api = kubernetes.NewForConfigOrDie(c.Admin()).FlowcontrolV1()
	return c
}

// keep follows the objects until the returned function is called.
func (c *cluster) keep() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	k := &flowcontrol.Keeper{Storage: c.Store, Dispatcher: c.dispatcher, Client: c.api, Restore: func(ctx context.Context) error {
		return bootstrap.FlowControl(ctx, c.Admin())
	}}
	go func() { ended <- k.Run(ctx) }()
	return func() {
		cancel()
		<-ended
	}
}

func (c *cluster) makeLevel(name string) *flowcontrolv1.PriorityLevelConfiguration {
	c.Helper()
	var l flowcontrolv1.PriorityLevelConfiguration
	c.parse("{metadata: {name: "+name+"}, spec: {type: Limited, limited: {nominalConcurrencyShares: 1, limitResponse: {type: Reject}}}}", &l)
	made, err := c.api.PriorityLevelConfigurations().Create(c.Context(), &l, metav1.CreateOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return made
}

func (c *cluster) makeSchema(name, level, user, precedence string) *flowcontrolv1.FlowSchema {
	c.Helper()
	var fs flowcontrolv1.FlowSchema
	c.parse("{metadata: {name: "+name+"}, spec: {priorityLevelConfiguration: {name: "+level+"}, matchingPrecedence: "+precedence+`,
		rules: [{subjects: [{kind: User, user: {name: `+user+`}}], nonResourceRules: [{verbs: [get], nonResourceURLs: ['*']}]}]}}`, &fs)
	made, err := c.api.FlowSchemas().Create(c.Context(), &fs, metav1.CreateOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return made
}

func (c *cluster) parse(text string, to any) {
	c.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), to); err != nil {
		c.Fatal(err)
	}
}

// classified waits until the answers to a user carry the UIDs of both objects.
func (c *cluster) classified(user *rest.Config, fs *flowcontrolv1.FlowSchema, l *flowcontrolv1.PriorityLevelConfiguration) {
	c.Helper()
	client, err := rest.HTTPClientFor(user)
	if err != nil {
		c.Fatal(err)
	}
	apitest.Eventually(c, "requests are of "+fs.Name+" at "+l.Name, func(ctx context.Context) bool {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, user.Host+"/version", nil)
		resp, err := client.Do(r)
		if err != nil {
			c.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.Header.Get(flowcontrolv1.ResponseHeaderMatchedFlowSchemaUID) == string(fs.UID) &&
			resp.Header.Get(flowcontrolv1.ResponseHeaderMatchedPriorityLevelConfigurationUID) == string(l.UID)
	})
}

// dangles waits until a FlowSchema says so, or that it does not.
func (c *cluster) dangles(name string, want flowcontrolv1.ConditionStatus) {
	c.Helper()
	apitest.Eventually(c, name+" says whether it leads anywhere", func(ctx context.Context) bool {
		fs, err := c.api.FlowSchemas().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			c.Fatal(err)
		}
		return len(fs.Status.Conditions) == 1 && fs.Status.Conditions[0].Type == "Dangling" && fs.Status.Conditions[0].Status == want
	})
}

// Requests follow what is made, changed and deleted, over connections and in
// the process, as they are asked for by the user or as the user.
func TestRequestsAreClassifiedByWhatIsAdded(t *testing.T) {
	c := start(t)
	defer c.keep()()
	eve, remote, as := c.Config("eve"), c.Listen("eve"), c.Admin()
	as.Impersonate = rest.ImpersonationConfig{UserName: "eve"}
	broad := c.makeLevel("broad")
	schema := c.makeSchema("eves", "broad", "eve", "1000")
	for _, user := range []*rest.Config{eve, remote, as} {
		c.classified(user, schema, broad)
	}
	// Another that comes first moves the user, and so does a change of it.
	narrow := c.makeLevel("narrow")
	first := c.makeSchema("eves-first", "narrow", "eve", "999")
	c.classified(eve, first, narrow)
	later := []byte(`{"spec": {"matchingPrecedence": 1001}}`)
	if _, err := c.api.FlowSchemas().Patch(t.Context(), first.Name, types.MergePatchType, later, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	c.classified(eve, schema, broad)
	if err := c.api.FlowSchemas().Delete(t.Context(), "eves", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	c.classified(eve, first, narrow)
	// One whose level is missing matches nothing.
	lost := c.makeSchema("eves-lost", "lost", "eve", "500")
	c.dangles("eves-lost", flowcontrolv1.ConditionTrue)
	c.dangles("eves-first", flowcontrolv1.ConditionFalse)
	c.classified(eve, first, narrow)
	c.classified(eve, lost, c.makeLevel("lost"))
}

// Who follows anew finds all as it should be, and writes nothing.
func TestWhatIsKnownIsNotWritten(t *testing.T) {
	c := start(t)
	if err := bootstrap.FlowControl(t.Context(), c.Admin()); err != nil {
		t.Fatal(err)
	}
	stop := c.keep()
	all, err := c.api.FlowSchemas().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(all.Items) == 0 {
		t.Fatal(len(all.Items), err)
	}
	for _, fs := range all.Items {
		c.dangles(fs.Name, flowcontrolv1.ConditionFalse)
	}
	stop()
	before, err := c.api.FlowSchemas().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stop = c.keep()
	c.classified(c.Config("eve"), c.makeSchema("z", "global-default", "eve", "9000"), get(c, "global-default"))
	c.dangles("z", flowcontrolv1.ConditionFalse)
	stop()
	for _, fs := range before.Items {
		now, err := c.api.FlowSchemas().Get(t.Context(), fs.Name, metav1.GetOptions{})
		if err != nil || now.ResourceVersion != fs.ResourceVersion {
			t.Errorf("%s is at %s, and was at %s: %v", fs.Name, now.ResourceVersion, fs.ResourceVersion, err)
		}
	}
}

func get(c *cluster, name string) *flowcontrolv1.PriorityLevelConfiguration {
	c.Helper()
	l, err := c.api.PriorityLevelConfigurations().Get(c.Context(), name, metav1.GetOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return l
}
