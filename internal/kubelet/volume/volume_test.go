package volume

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// fixture is a manager on a temporary directory, with objects a test can
// change and no mounts.
type fixture struct {
	*Manager
	maps    map[string]map[string]string
	secrets map[string]map[string][]byte
	issued  int
	now     time.Time
	down    bool
}

func (f *fixture) ConfigMap(_ context.Context, _, name string) (*corev1.ConfigMap, error) {
	if data, ok := f.maps[name]; ok {
		return &corev1.ConfigMap{Data: data}, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "configmap"}, name)
}

func (f *fixture) Secret(_ context.Context, _, name string) (*corev1.Secret, error) {
	if data, ok := f.secrets[name]; ok {
		return &corev1.Secret{Data: data}, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secret"}, name)
}

type noMounts struct{}

func (noMounts) Tmpfs(string, int64) error     { return nil }
func (noMounts) Bind(int, string) error        { return nil }
func (noMounts) UnmountBelow(dir string) error { return nil }

func newFixture(t *testing.T) *fixture {
	f := &fixture{maps: map[string]map[string]string{}, secrets: map[string]map[string][]byte{}, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	f.Manager = New(Config{Root: t.TempDir(), Objects: f, Mounter: noMounts{}, Now: func() time.Time { return f.now },
		Tokens: func(_ context.Context, ns, account string, r *authenticationv1.TokenRequest) (*authenticationv1.TokenRequest, error) {
			if f.down {
				return nil, errors.New("the API is down")
			}
			f.issued++
			r.Status.Token = strings.Join([]string{ns, account, string(r.Spec.BoundObjectRef.UID), string(rune('0' + f.issued))}, "/")
			r.Status.ExpirationTimestamp = metav1.NewTime(f.now.Add(time.Duration(*r.Spec.ExpirationSeconds) * time.Second))
			return r, nil
		}})
	return f
}

func podWith(volumes ...corev1.Volume) *corev1.Pod {
	for i := range volumes {
		volumes[i].Name = string(rune('a' + i))
	}
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns", UID: "u", Labels: map[string]string{"x": "y"}},
		Spec: corev1.PodSpec{ServiceAccountName: "sa", Volumes: volumes}}
}

func (f *fixture) setUp(t *testing.T, pod *corev1.Pod) Volumes {
	t.Helper()
	v, err := f.SetUp(context.Background(), pod)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func ptr[T any](v T) *T { return &v }

func TestConfigMapFollowsItsObject(t *testing.T) {
	f := newFixture(t)
	pod := podWith(corev1.Volume{VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "cm"}}}})
	if _, err := f.SetUp(context.Background(), pod); err == nil || err.Error() != `MountVolume.SetUp failed for volume "a" : configmap "cm" not found` {
		t.Fatalf("err = %v", err)
	}
	f.maps["cm"] = map[string]string{"k": "1", "gone": "x"}
	dir := f.setUp(t, pod).Paths["a"]
	first, _ := os.Readlink(filepath.Join(dir, "..data"))
	f.setUp(t, pod)
	if again, _ := os.Readlink(filepath.Join(dir, "..data")); again != first {
		t.Error("unchanged content was written again")
	}
	f.maps["cm"] = map[string]string{"k": "2"}
	f.setUp(t, pod)
	if got := read(t, dir, "k"); got != "2" {
		t.Errorf("k = %q", got)
	}
	if link, _ := os.Readlink(filepath.Join(dir, "k")); link != "..data/k" {
		t.Errorf("k links to %q", link)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 3 { // ..data, its directory, k
		t.Errorf("left: %v", entries)
	}
}

func TestItemsModesAndOptional(t *testing.T) {
	f := newFixture(t)
	f.secrets["s"] = map[string][]byte{"k": []byte("v"), "other": []byte("w")}
	pod := podWith(
		corev1.Volume{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s", DefaultMode: ptr(int32(0o400)),
			Items: []corev1.KeyToPath{{Key: "k", Path: "sub/name"}, {Key: "other", Path: "o", Mode: ptr(int32(0o555))}}}}},
		corev1.Volume{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "none", Optional: ptr(true)}}},
	)
	v := f.setUp(t, pod)
	for name, want := range map[string]os.FileMode{"sub/name": 0o400, "o": 0o555} {
		if info, err := os.Stat(filepath.Join(v.Paths["a"], name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	if entries, err := os.ReadDir(v.Paths["b"]); err != nil || len(entries) > 2 {
		t.Errorf("an optional secret: %v, %v", entries, err)
	}
	pod.Spec.Volumes[0].Secret.Items[0].Key = "missing"
	if _, err := f.SetUp(context.Background(), pod); err == nil || !strings.Contains(err.Error(), "references non-existent key: missing") {
		t.Errorf("err = %v", err)
	}
	pod.Spec.Volumes[0].Secret.Items = []corev1.KeyToPath{{Key: "k", Path: "../out"}}
	if _, err := f.SetUp(context.Background(), pod); err == nil || !strings.Contains(err.Error(), `invalid path "../out"`) {
		t.Errorf("err = %v", err)
	}
}

func TestProjectedTokenIsRenewed(t *testing.T) {
	f := newFixture(t)
	f.maps["ca"] = map[string]string{"ca.crt": "CA"}
	pod := podWith(corev1.Volume{VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: ptr(int64(3000))}},
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "ca"}}},
		{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{Path: "ns", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}}}},
	}}}})
	v := f.setUp(t, pod)
	dir := v.Paths["a"]
	if got := read(t, dir, "token") + read(t, dir, "ca.crt") + read(t, dir, "ns"); got != "ns/sa/u/1CAns" {
		t.Errorf("content = %q", got)
	}
	if want := f.now.Add(2400 * time.Second); !v.Refresh.Equal(want) {
		t.Errorf("refresh at %v, want %v", v.Refresh, want)
	}
	f.setUp(t, pod)
	if f.issued != 1 {
		t.Error("a token that is still good was asked for again")
	}
	f.now, f.down = v.Refresh, true
	if v = f.setUp(t, pod); read(t, dir, "token") != "ns/sa/u/1" || !v.Refresh.Equal(f.now.Add(time.Minute)) {
		t.Errorf("while the API is down: refresh at %v", v.Refresh)
	}
	f.down = false
	f.setUp(t, pod)
	if got := read(t, dir, "token"); got != "ns/sa/u/2" {
		t.Errorf("token = %q", got)
	}
}

func TestTokenBelongsToTheOneUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("changing owners needs root")
	}
	f := newFixture(t)
	pod := podWith(corev1.Volume{VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}}}}}})
	pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: ptr(int64(1234))}
	pod.Spec.Containers = []corev1.Container{{}, {}}
	info, err := os.Stat(filepath.Join(f.setUp(t, pod).Paths["a"], "token"))
	if err != nil || info.Mode().Perm() != 0o600 || info.Sys().(*syscall.Stat_t).Uid != 1234 {
		t.Errorf("%v, %v, %+v", err, info.Mode(), info.Sys())
	}
}

func TestEmptyDirOfAGroup(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("changing owners needs root")
	}
	f := newFixture(t)
	pod := podWith(corev1.Volume{VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	pod.Spec.SecurityContext = &corev1.PodSecurityContext{FSGroup: ptr(int64(4321))}
	info, err := os.Stat(f.setUp(t, pod).Paths["a"])
	if err != nil || info.Mode() != os.ModeDir|os.ModeSetgid|0o777 || info.Sys().(*syscall.Stat_t).Gid != 4321 {
		t.Errorf("%v, %v", err, info.Mode())
	}
	if err := f.TearDown("u"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(f.Root, "u", "volumes")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after TearDown: %v", err)
	}
}

func TestHostPath(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		kind corev1.HostPathType
		want string
	}{
		{dir, corev1.HostPathUnset, ""},
		{filepath.Join(dir, "any"), corev1.HostPathUnset, ""},
		{dir, corev1.HostPathDirectory, ""},
		{file, corev1.HostPathDirectory, "is not a directory"},
		{filepath.Join(dir, "none"), corev1.HostPathDirectory, "does not exist"},
		{filepath.Join(dir, "new/deep"), corev1.HostPathDirectoryOrCreate, ""},
		{filepath.Join(dir, "newfile"), corev1.HostPathFileOrCreate, ""},
		{dir, corev1.HostPathFile, "is not a file"},
		{file, corev1.HostPathSocket, "is not a socket file"},
		{"/dev/null", corev1.HostPathCharDev, ""},
		{"/dev/null", corev1.HostPathBlockDev, "is not a block device"},
	} {
		_, err := hostPath(&corev1.HostPathVolumeSource{Path: c.path, Type: &c.kind})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s as %q: %v, want %q", c.path, c.kind, err, c.want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "new/deep")); err != nil || !info.IsDir() {
		t.Error("DirectoryOrCreate made nothing")
	}
}

func TestSubPathCannotLeaveTheVolume(t *testing.T) {
	f := newFixture(t)
	volume, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(volume, "evil")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.SubPath("u", "v", volume, "c", 0, "a/b"); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Join(volume, "a/b")); err != nil || !info.IsDir() {
		t.Error("a missing subPath was not made")
	}
	for _, path := range []string{"../x", "/etc", "evil/x"} {
		_, err := f.SubPath("u", "v", volume, "c", 0, path)
		if entries, _ := os.ReadDir(outside); len(entries) != 0 {
			t.Errorf("%s made something outside of the volume", path)
		}
		if path != "evil/x" && err == nil {
			t.Errorf("%s was accepted", path)
		}
	}
}

func TestKernelMounts(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounts need root")
	}
	f := newFixture(t)
	f.Mounter = Kernel{}
	pod := podWith(corev1.Volume{VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}})
	dir := f.setUp(t, pod).Paths["a"]
	f.setUp(t, pod) // mounts once
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	target, err := f.SubPath("u", "a", dir, "c", 0, "f")
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, target); got != "x" {
		t.Errorf("through the subPath: %q", got)
	}
	if err := f.TearDown("u"); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile("/proc/self/mountinfo"); strings.Contains(string(b), f.Root) {
		t.Error("a mount is left")
	}
	if err := f.TearDown("u"); err != nil {
		t.Errorf("again: %v", err)
	}
}
