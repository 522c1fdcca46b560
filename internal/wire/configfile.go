package wire

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"
	"strings"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"
)

// DefaultConfigFile is read when it exists and --config names no other.
const DefaultConfigFile = "/etc/skiff/config.yaml"

// ApplyConfigFile sets every flag that the YAML file at path names and the
// command line does not. Keys are the flags' names without dashes in front;
// lists and maps are written as YAML's. Flags of commands other than the one
// that runs (known) may stand in the file too, so that one file serves all.
// A missing file is an error only if it was asked for.
func ApplyConfigFile(flags *pflag.FlagSet, path string, asked bool, known func(name string) bool) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read --config: %w", err)
	}
	values := map[string]any{}
	if err := yaml.UnmarshalStrict(data, &values); err != nil {
		return fmt.Errorf("%s is not a YAML map of flags: %w", path, err)
	}
	for _, name := range sortedKeys(values) {
		flag := flags.Lookup(name)
		if flag == nil {
			if known(name) {
				continue
			}
			return fmt.Errorf("%s: there is no flag %q: `skiff server --help` lists them", path, name)
		}
		if flag.Changed {
			continue
		}
		if err := setFlag(flags, name, values[name]); err != nil {
			return fmt.Errorf("%s: %s: %w", path, name, err)
		}
	}
	return nil
}

func setFlag(flags *pflag.FlagSet, name string, value any) error {
	text, err := flagText(value)
	if err != nil {
		return err
	}
	return flags.Set(name, text)
}

// flagText writes a YAML value as the command line would have it.
func flagText(value any) (string, error) {
	switch v := value.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = fmt.Sprint(item)
		}
		return strings.Join(parts, ","), nil
	case map[string]any:
		var parts []string
		for _, k := range sortedKeys(v) {
			parts = append(parts, fmt.Sprintf("%s=%v", k, v[k]))
		}
		return strings.Join(parts, ","), nil
	case string, bool, float64, int64:
		return fmt.Sprint(v), nil
	default:
		return "", fmt.Errorf("%v is not a value for a flag", value)
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
