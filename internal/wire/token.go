package wire

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"skiff/internal/pki"
)

// CreateToken makes a join token and prints it.
func CreateToken(ctx context.Context, dataDir string, ttl time.Duration, out io.Writer) error {
	if err := mustServe(dataDir); err != nil {
		return err
	}
	token, err := newToken(ctx, dataDir, ttl)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, token)
	return err
}

// ListTokens prints the tokens that can still be used.
func ListTokens(ctx context.Context, dataDir string, out io.Writer) error {
	if err := mustServe(dataDir); err != nil {
		return err
	}
	client, err := adminClient(adminKubeconfig(dataDir))
	if err != nil {
		return err
	}
	tokens, err := pki.ListBootstrapTokens(ctx, client)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, "ID\tENDS\tDESCRIPTION")
	for _, t := range tokens {
		ends := "never"
		if !t.Expires.IsZero() {
			ends = t.Expires.Local().Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", t.ID, ends, t.Description)
	}
	return w.Flush()
}

func newToken(ctx context.Context, dataDir string, ttl time.Duration) (string, error) {
	p, err := pki.Open(filepath.Join(dataDir, "pki"))
	if err != nil {
		return "", err
	}
	token, err := pki.NewJoinToken(p.CA)
	if err != nil {
		return "", err
	}
	client, err := adminClient(adminKubeconfig(dataDir))
	if err != nil {
		return "", err
	}
	err = pki.CreateBootstrapToken(ctx, client, token, ttl, "made by skiff token create")
	return token.String(), err
}

// mustServe says whether a server runs on dataDir, which alone can make tokens.
func mustServe(dataDir string) error {
	if s, err := loadState(dataDir); err == nil && s != nil && !s.Role.hasAPIServer() {
		return fmt.Errorf("%s is the data of a node: ask on the machine of its server", dataDir)
	}
	return mustRun(dataDir)
}

func mustRun(dataDir string) error {
	if runningPID(dataDir) == 0 {
		return fmt.Errorf("no server runs on %s: start one with `skiff up`, or name its --data-dir", dataDir)
	}
	return nil
}
