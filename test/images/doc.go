// Package images makes the container images that the tests run, and serves
// them as the registries of the world would: nginx, httpd and busybox made of
// Debian's packages under their names on Docker Hub, and an echo server.
//
// Nothing is asked of any image registry. A registry on this machine answers
// for docker.io and skiff.local, by a hosts.toml that names it as their mirror;
// so `--image=nginx` resolves and is pulled as it would be for a user.
//
// What is made is kept in a cache directory: packages, and images as an OCI
// layout. A change of this package's source makes the images anew.
package images
