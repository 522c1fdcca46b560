package runtime

import (
	"errors"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// hostTraits is what the machine can and cannot do, as far as containerd must
// be told.
type hostTraits struct {
	runc           string // path
	lowersOOMScore bool   // CAP_SYS_RESOURCE is held
	appArmor       bool
}

// errNoRunc tells the user the way out.
var errNoRunc = errors.New("runc, which starts containers, is not installed: `apt-get install runc` (or your system's like) and start again")

// Check finds, before anything is made, what Run would miss: runc on the
// machine, and the helper programs in this binary.
func Check() error {
	if _, err := exec.LookPath("runc"); err != nil {
		return errNoRunc
	}
	_, err := readSums(helpers())
	return err
}

func readTraits() (hostTraits, error) {
	runc, err := exec.LookPath("runc")
	if err != nil {
		return hostTraits{}, errNoRunc
	}
	enabled, _ := os.ReadFile("/sys/module/apparmor/parameters/enabled")
	return hostTraits{
		runc:           runc,
		lowersOOMScore: holdsCapability(unix.CAP_SYS_RESOURCE),
		appArmor:       strings.HasPrefix(string(enabled), "Y"),
	}, nil
}

// holdsCapability says whether this process has the capability in effect.
func holdsCapability(capability uint) bool {
	var data [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	return data[capability/32].Effective&(1<<(capability%32)) != 0
}
