// SPDX-License-Identifier: Apache-2.0

// Command sign signs the files of a release with a key, and verifies the signatures, in the
// forms that cosign reads. hack/release makes the files.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	dist := flag.String("dist", "dist", "directory of the release")
	key := flag.String("key", "", "file of a private key, ECDSA with the curve P-256, in PEM; COSIGN_PASSWORD is its password")
	publicKey := flag.String("verify", "", "file of a public key in PEM: verify the signatures instead")
	flag.Parse()
	if err := run(*dist, *key, *publicKey, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sign:", err)
		os.Exit(1)
	}
}

// run signs a release, verifies it, or only says whether it is signed.
func run(dist, key, publicKey string, out io.Writer) error {
	switch {
	case key != "" && publicKey != "":
		return errors.New("-key signs and -verify verifies: use one of them")
	case key != "":
		return sign(dist, key, out)
	case publicKey != "":
		return verify(dist, publicKey, out)
	}
	if _, err := os.Stat(filepath.Join(dist, checksumsSignature)); errors.Is(err, os.ErrNotExist) {
		_, err = fmt.Fprintf(out, "%s: not signed\n", dist)
		return err
	} else if err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s: signed, but the signatures were not verified: KEY=FILE names the public key\n", dist)
	return err
}
