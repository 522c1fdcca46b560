package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const writerEnv = "SKIFF_STORE_TEST_WRITER"

// TestMain makes the test binary a writer when it is asked to be one.
func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		writeForever(dir)
	}
	os.Exit(m.Run())
}

// writeForever creates pods and prints the name of each once it is
// acknowledged.
func writeForever(dir string) {
	ctx := context.Background()
	s, err := Open(ctx, Config{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	pods := s.Table(podsResource())
	for worker := range 4 {
		go func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("w%d-%d", worker, i)
				if _, err := pods.Create(ctx, pod("default", name)); err == nil {
					os.Stdout.WriteString(name + "\n")
				}
			}
		}()
	}
	select {}
}

func TestNothingAcknowledgedIsLost(t *testing.T) {
	dir := t.TempDir()
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), writerEnv+"="+dir)
	writer.Stderr = os.Stderr
	out := must[io.ReadCloser](t)(writer.StdoutPipe())
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	var acked []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		acked = append(acked, lines.Text())
		if len(acked) == 300 {
			writer.Process.Kill()
		}
	}
	writer.Wait()
	if len(acked) < 300 {
		t.Fatalf("the writer ended after %d writes", len(acked))
	}

	pods := openDir(t, dir).Table(podsResource())
	for _, name := range acked {
		if _, err := pods.Get(testContext(t), "default", name, Latest); err != nil {
			t.Errorf("%s was acknowledged: %v", name, err)
		}
	}
}

// An election before the log is replayed would make raft fail; it is a matter
// of luck, so luck is tried often.
func TestStartsSoonAfterManyWrites(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	create(t, s.Table(podsResource()), names(0, 400)...)
	s.Close()
	for range 20 {
		begin := time.Now()
		s := openDir(t, dir)
		if took := time.Since(begin); took > electionMs*time.Millisecond {
			t.Errorf("started after %v: the election was left to its timeout", took)
		}
		s.Close()
	}
}

func TestDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	openDir(t, dir)
	_, err := Open(testContext(t), Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("a second open: %v", err)
	}
}

func TestDamagedDirectory(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	create(t, s.Table(podsResource()), pod("default", "a"))
	s.Close()
	if err := os.WriteFile(filepath.Join(dir, "member", "snap", "db"), []byte(fmt.Sprintf("%8192d", 0)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(testContext(t), Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "restore a snapshot") {
		t.Errorf("damaged data: %v", err)
	}
	t.Log(err)
}

func TestFullDatabaseIsMended(t *testing.T) {
	dir := t.TempDir()
	ctx := testContext(t)
	open := func() *Store { return must[*Store](t)(Open(ctx, Config{Dir: dir, QuotaBytes: 8 << 20})) }
	s := open()
	s.member.(*embedded).mended = time.Now() // not while it runs: see below
	defer func() { s.Close() }()
	fillQuota(t, s)
	s.Close()
	s = open()
	create(t, s.Table(podsResource()), pod("default", "b"))
}

func TestFullDatabaseIsMendedWhileItRuns(t *testing.T) {
	ctx := testContext(t)
	s := must[*Store](t)(Open(ctx, Config{Dir: t.TempDir(), QuotaBytes: 8 << 20}))
	defer s.Close()
	fillQuota(t, s)
	pods := s.Table(podsResource())
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		_, err := pods.Create(ctx, pod("default", "b"))
		if err == nil {
			break
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

// fillQuota changes an object until etcd's database takes no more history.
func fillQuota(t *testing.T, s *Store) {
	ctx := testContext(t)
	pods := s.Table(podsResource())
	it := create(t, pods, bigPod(0))[0]
	var err error
	for err == nil {
		var newer Item
		if newer, err = pods.Update(ctx, it, it.Object()); err == nil {
			it = newer
		}
	}
	if !strings.Contains(err.Error(), "quota") {
		t.Fatalf("a full database: %v", err)
	}
}
