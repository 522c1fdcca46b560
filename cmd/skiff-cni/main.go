// Command skiff-cni is the CNI plug-in that containerd starts for every
// sandbox. It does no work itself: it hands the request to the network
// component of the running skiff over a unix socket, and prints the answer.
// So it imports almost nothing, and starts in a millisecond.
//
// It finds the socket beside its own directory: the program stands in
// DATA/bin, the socket is DATA/run/cni.sock. Both are reached relative to the
// working directory, because the address of a unix socket holds no more than
// 107 bytes and a data directory may have a longer name.
//
// The request is every CNI_ variable as NAME=VALUE and a zero byte, an empty
// string with its zero byte, then standard input as it is. The answer is one
// byte, '0' or '1', which is the exit code, then what goes to standard output.
package main

import (
	"os"
	"strings"
	"syscall"
)

func main() {
	answer, err := forward()
	if err != nil || len(answer) == 0 {
		fail(err)
	}
	write(1, answer[1:])
	os.Exit(int(answer[0] - '0'))
}

// forward sends the request and returns the whole answer.
func forward() ([]byte, error) {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	if err := syscall.Chdir(parent(parent(exe)) + "/run"); err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: "cni.sock"}); err != nil {
		return nil, err
	}
	input, err := readAll(0)
	if err != nil {
		return nil, err
	}
	if err := write(fd, append(variables(), input...)); err != nil {
		return nil, err
	}
	if err := syscall.Shutdown(fd, syscall.SHUT_WR); err != nil {
		return nil, err
	}
	return readAll(fd)
}

// variables is the head of the request.
func variables() []byte {
	var b []byte
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "CNI_") {
			b = append(append(b, v...), 0)
		}
	}
	return append(b, 0)
}

// fail reports that nobody answers, as CNI's error 11 ("try again later"):
// the kubelet does.
func fail(err error) {
	details := "the connection was closed without an answer"
	if err != nil {
		details = err.Error()
	}
	write(1, []byte(`{"cniVersion":"1.0.0","code":11,"msg":"the pod network is not ready: skiff is not running on this node","details":"`+details+`"}`))
	os.Exit(1)
}

func parent(path string) string { return path[:max(strings.LastIndexByte(path, '/'), 0)] }

func readAll(fd int) ([]byte, error) {
	var all []byte
	buf := make([]byte, 16<<10)
	for {
		n, err := syscall.Read(fd, buf)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return all, err
		}
		all = append(all, buf[:n]...)
	}
}

func write(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Write(fd, b)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
