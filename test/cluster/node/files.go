// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed files
var files embed.FS

var templates = template.Must(template.ParseFS(files, "files/*"))

// WriteFiles makes the node's state directory with everything that its processes read. The primary
// CNI is a bridge in the file, and under the name, that Cilium gives its own.
func (n Node) WriteFiles() error {
	const etc = "etc/upper/cni/net.d" // where the node's own /etc has its files
	for path, name := range map[string]string{
		n.Path("containerd.toml"):                         "containerd.toml",
		n.Path("kubelet.yaml"):                            "kubelet.yaml",
		filepath.Join(n.Dir(), etc, "05-cilium.conflist"): "cni.conflist",
	} {
		var out bytes.Buffer
		if err := templates.ExecuteTemplate(&out, name, n); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			return fmt.Errorf("configuring %s: %w", n.Name(), err)
		}
	}
	return n.linkPlugins()
}

// cniPlugins are those that the primary CNI consists of.
var cniPlugins = []string{"bridge", "host-local", "loopback", "portmap"}

// linkPlugins makes Debian's plugins known to containerd, in a directory to which others add theirs.
func (n Node) linkPlugins() error {
	const bin = "opt/upper/cni/bin"
	if err := os.MkdirAll(n.Path(bin), 0o755); err != nil {
		return err
	}
	for _, plugin := range cniPlugins {
		if err := os.Symlink("/usr/lib/cni/"+plugin, filepath.Join(n.Path(bin), plugin)); err != nil {
			return err
		}
	}
	return nil
}

// WriteDNS writes CoreDNS's configuration to the path. Names outside the cluster do not exist.
func WriteDNS(path, kubeconfig string) error {
	var out bytes.Buffer
	first := Node{Index: 1}
	values := map[string]string{"Address": first.IP(), "Kubeconfig": kubeconfig}
	if err := templates.ExecuteTemplate(&out, "Corefile", values); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o600)
}

// PauseImage is what holds a pod's namespaces. The harness makes it.
const PauseImage = "docker.io/local/pause:1"

// PauseImage is for templates.
func (n Node) PauseImage() string { return PauseImage }

// Socket is for templates.
func (n Node) Socket() string { return Socket }

// DNS is for templates.
func (n Node) DNS() string { return DNS }
