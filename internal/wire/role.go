package wire

// role is what a process does on its data directory.
type role string

const (
	roleServer    role = "server"
	roleAgent     role = "agent"
	roleAPIServer role = "apiserver"
	roleKubelet   role = "kubelet"
)

// hasAPIServer says whether the role answers the API.
func (r role) hasAPIServer() bool { return r == roleServer || r == roleAPIServer }

// hasNode says whether pods run where the role does.
func (r role) hasNode() bool { return r != roleAPIServer }
