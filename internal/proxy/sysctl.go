package proxy

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/userdata"
)

// setting is a kernel parameter below /proc/sys/net and the value that the
// proxy found there before it wrote its own.
type setting struct {
	name  string // "ipv4/conf/all/route_localnet"
	found string
}

// wanted are the parameters that rules rely on. route_localnet lets packets to
// and from 127.0.0.0/8 cross links once their addresses were rewritten: without
// it a node port on localhost, and DNS that listens on a loopback address, would
// be dropped as martians. filter-input keeps everyone else out.
var wanted = map[string]string{"ipv4/conf/all/route_localnet": "1"}

// settingsChain is a chain that no packet enters. Its rules' comments hold what
// the settings were: a place that ends when the settings do, at a reboot or with
// the network namespace, which a file would not.
const settingsChain = "sysctls-found"

func sysctlPath(name string) string { return filepath.Join("/proc/sys/net", name) }

// tune writes the wanted parameters and returns what there was to begin with:
// as this proxy's own table says, or known does, which was found before that
// table was taken away, or the table of another cluster on the machine, or else
// the kernel. Where a parameter cannot be written (a container with a
// read-only /proc/sys), most rules still work, so that is no failure.
func (k *kernel) tune(known []setting, log *slog.Logger) ([]setting, error) {
	found, err := k.settings(k.name)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		found = known
	}
	others, err := k.siblings()
	if err != nil {
		return nil, err
	}
	for _, other := range others {
		if len(found) > 0 {
			break
		}
		if found, err = k.settings(other); err != nil {
			return nil, err
		}
	}
	var all []setting
	for name, value := range wanted {
		was, err := swapSysctl(name, value)
		if err != nil {
			log.Warn("node ports on localhost, and cluster DNS on a loopback address, will not answer", "error", err)
			continue
		}
		for _, s := range found {
			if s.name == name {
				was = s.found
			}
		}
		all = append(all, setting{name, was})
	}
	return all, nil
}

// restore writes back what tune found, unless another proxy still relies on it.
func (k *kernel) restore() error {
	found, err := k.settings(k.name)
	if err != nil {
		return err
	}
	others, err := k.siblings()
	if err != nil || len(others) > 0 {
		return err
	}
	for _, s := range found {
		if _, err := swapSysctl(s.name, s.found); err != nil {
			return err
		}
	}
	return nil
}

func swapSysctl(name, value string) (was string, err error) {
	data, err := os.ReadFile(sysctlPath(name))
	if err != nil {
		return "", fmt.Errorf("read kernel parameter: %w", err)
	}
	was = strings.TrimSpace(string(data))
	if was == value {
		return was, nil
	}
	if err := os.WriteFile(sysctlPath(name), []byte(value), 0o644); err != nil {
		return "", fmt.Errorf("set kernel parameter net/%s to %s: %w", name, value, err)
	}
	return was, nil
}

// addSettings notes the settings down in a table.
func (k *kernel) addSettings(t *nftables.Table, found []setting) {
	c := k.conn.AddChain(&nftables.Chain{Table: t, Name: settingsChain})
	for _, s := range found {
		note := userdata.AppendString(nil, userdata.Type(userdata.TypeComment), s.name+" = "+s.found)
		k.conn.AddRule(&nftables.Rule{Table: t, Chain: c, UserData: note, Exprs: returnToCall.compile(nil)})
	}
}

// settings reads the notes of a table; there are none if there is no table.
func (k *kernel) settings(table string) ([]setting, error) {
	t := &nftables.Table{Name: table, Family: ipv4.table}
	rules, err := k.conn.GetRules(t, &nftables.Chain{Table: t, Name: settingsChain})
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the settings noted in nftables table %s: %w", table, err)
	}
	var found []setting
	for _, r := range rules {
		note, _ := userdata.GetString(r.UserData, userdata.Type(userdata.TypeComment))
		if name, value, ok := strings.Cut(note, " = "); ok {
			found = append(found, setting{name, value})
		}
	}
	return found, nil
}

// siblings are the proxy tables of other clusters in this network namespace.
func (k *kernel) siblings() ([]string, error) {
	tables, err := k.conn.ListTablesOfFamily(ipv4.table)
	if err != nil {
		return nil, fmt.Errorf("list nftables tables: %w", err)
	}
	prefix := k.name[:strings.LastIndex(k.name, "-")+1]
	var names []string
	for _, t := range tables {
		if t.Name != k.name && strings.HasPrefix(t.Name, prefix) {
			names = append(names, t.Name)
		}
	}
	return names, nil
}
