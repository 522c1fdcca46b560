package images

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// recipe is an image: its name below the registry, its tags, how it is made of
// the files of the packages below root.
type recipe struct {
	repository string
	tags       []string
	build      func(ctx context.Context, root string) (v1.Image, error)
}

// The images. Tags are those that the Kubernetes documentation uses.
var recipes = []recipe{
	{"library/nginx", []string{"latest", "stable", "alpine", "1.14.2", "1.16.1", "1.27"}, nginx},
	{"library/httpd", []string{"latest", "2.4"}, httpd},
	{"library/busybox", []string{"latest", "1.28", "1.36"}, busybox},
	{"test/echo", []string{"latest"}, echo},
}

const searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// base is the layer below all but echo: busybox as shell and tools, and the
// files that a C library looks for. Its busybox is linked dynamically: in a
// static one, glibc cannot look up names.
func base(ctx context.Context, root string) (tree, error) {
	t := tree{}
	program := "bin/busybox"
	if _, err := os.Stat(filepath.Join(root, program)); err != nil {
		program = "usr/bin/busybox"
	}
	if err := t.program(root, program, "usr/bin/busybox"); err != nil {
		return nil, err
	}
	applets, err := run(ctx, "", filepath.Join(root, program), "--list")
	if err != nil {
		return nil, err
	}
	for _, applet := range strings.Fields(applets) {
		if applet != "busybox" {
			t.link("usr/bin/"+applet, "busybox")
		}
	}
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		t.link(dir, "usr/"+dir)
		t.dir("usr/"+dir, 0o755, 0)
	}
	t.file("usr/bin/bash", 0o755, "#!/bin/sh\nexec sh \"$@\"\n")
	t.file("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\nnginx:x:101:101::/nonexistent:/bin/false\nnobody:x:65534:65534::/nonexistent:/bin/false\n")
	t.file("etc/group", 0o644, "root:x:0:\nwww-data:x:33:\nnginx:x:101:\nnogroup:x:65534:\n")
	t.file("etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n")
	t.dir("root", 0o700, 0)
	t.dir("tmp", 0o1777, 0)
	t.dir("var/tmp", 0o1777, 0)
	t.dir("run", 0o755, 0)
	t.link("var/run", "../run")
	return t, nil
}

func busybox(ctx context.Context, root string) (v1.Image, error) {
	t, err := base(ctx, root)
	if err != nil {
		return nil, err
	}
	return pack(v1.Config{Env: []string{searchPath}, Cmd: []string{"sh"}}, t)
}

// nginx is Debian's nginx as Docker Hub's image arranges it: in the
// foreground, logs to standard output, its welcome page on port 80.
func nginx(ctx context.Context, root string) (v1.Image, error) {
	below, err := base(ctx, root)
	if err != nil {
		return nil, err
	}
	t := tree{}
	if err := t.program(root, "usr/sbin/nginx", "usr/sbin/nginx"); err != nil {
		return nil, err
	}
	if err := t.copy(root, "etc/nginx/mime.types", "etc/nginx/mime.types"); err != nil {
		return nil, err
	}
	if err := t.copy(root, "usr/share/nginx/html/index.html", "usr/share/nginx/html/index.html"); err != nil {
		return nil, err
	}
	t.file("etc/nginx/nginx.conf", 0o644, nginxConfig)
	t.file("etc/nginx/conf.d/default.conf", 0o644, nginxSite)
	t.link("var/log/nginx/access.log", "/dev/stdout")
	t.link("var/log/nginx/error.log", "/dev/stderr")
	t.dir("var/cache/nginx", 0o755, 101)
	t.dir("var/lib/nginx", 0o755, 101)
	return pack(v1.Config{
		Env: []string{searchPath}, Cmd: []string{"nginx", "-g", "daemon off;"},
		ExposedPorts: map[string]struct{}{"80/tcp": {}}, StopSignal: "SIGQUIT",
	}, below, t)
}

const nginxConfig = `user nginx;
worker_processes 1;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';
    access_log /var/log/nginx/access.log main;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
`

const nginxSite = `server {
    listen 80;
    server_name localhost;
    location / {
        root /usr/share/nginx/html;
        index index.html index.htm;
    }
}
`

// httpd is Debian's Apache as Docker Hub's image arranges it.
func httpd(ctx context.Context, root string) (v1.Image, error) {
	below, err := base(ctx, root)
	if err != nil {
		return nil, err
	}
	t := tree{}
	if err := t.program(root, "usr/sbin/apache2", "usr/local/apache2/bin/httpd"); err != nil {
		return nil, err
	}
	for _, module := range httpdModules {
		file := "mod_" + module + ".so"
		if err := t.program(root, "usr/lib/apache2/modules/"+file, "usr/local/apache2/modules/"+file); err != nil {
			return nil, err
		}
	}
	if err := t.copy(root, "etc/mime.types", "usr/local/apache2/conf/mime.types"); err != nil {
		return nil, err
	}
	t.file("usr/local/apache2/conf/httpd.conf", 0o644, httpdConfig())
	t.link("etc/apache2/apache2.conf", "/usr/local/apache2/conf/httpd.conf") // where Debian's looks
	t.file("usr/local/apache2/htdocs/index.html", 0o644, "<html><body><h1>It works!</h1></body></html>\n")
	t.file("usr/local/bin/httpd-foreground", 0o755, "#!/bin/sh\nset -e\nrm -f /usr/local/apache2/logs/httpd.pid\nexec /usr/local/apache2/bin/httpd -DFOREGROUND \"$@\"\n")
	t.dir("usr/local/apache2/logs", 0o755, 33)
	return pack(v1.Config{
		Env: []string{strings.Replace(searchPath, "=", "=/usr/local/apache2/bin:", 1)}, Cmd: []string{"httpd-foreground"},
		WorkingDir:   "/usr/local/apache2",
		ExposedPorts: map[string]struct{}{"80/tcp": {}}, StopSignal: "SIGWINCH",
	}, below, t)
}

var httpdModules = []string{"mpm_event", "authz_core", "dir", "mime"}

func httpdConfig() string {
	var b strings.Builder
	b.WriteString("ServerRoot /usr/local/apache2\nServerName localhost\nListen 80\nDefaultRuntimeDir /usr/local/apache2/logs\nPidFile logs/httpd.pid\n")
	for _, module := range httpdModules {
		b.WriteString("LoadModule " + module + "_module modules/mod_" + module + ".so\n")
	}
	b.WriteString(`User www-data
Group www-data
TypesConfig conf/mime.types
DocumentRoot /usr/local/apache2/htdocs
DirectoryIndex index.html
<Directory /usr/local/apache2/htdocs>
    Require all granted
</Directory>
ErrorLog /proc/self/fd/2
LogFormat "%h %l %u %t \"%r\" %>s %b" common
CustomLog /proc/self/fd/1 common
`)
	return b.String()
}

// echo is the program in the directory echo, alone.
func echo(ctx context.Context, _ string) (v1.Image, error) {
	dir, err := os.MkdirTemp("", "skiff-echo")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := compileEcho(ctx, dir); err != nil {
		return nil, err
	}
	t := tree{}
	if err := t.copy(dir, "echo", "echo"); err != nil {
		return nil, err
	}
	t.dir("tmp", 0o1777, 0)
	return pack(v1.Config{
		Env: []string{searchPath}, Entrypoint: []string{"/echo"}, User: "65534:65534",
		ExposedPorts: map[string]struct{}{"8080/tcp": {}, "8080/udp": {}},
	}, t)
}

// compileEcho compiles from the embedded source, wherever the test runs.
func compileEcho(ctx context.Context, dir string) error {
	program, err := source.ReadFile("echo/main.go")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), program, 0o644); err != nil {
		return err
	}
	_, err = run(ctx, dir, "env", "CGO_ENABLED=0", "GO111MODULE=off", "go", "build", "-trimpath", "-ldflags=-s -w", "-o", "echo", "main.go")
	return err
}
