// SPDX-License-Identifier: Apache-2.0

// Command verify checks what tests do not: that generated files are fresh, that
// a clean clone builds, that the architecture's rules hold, that what is linked
// may be passed on, that the docs name what exists. It never writes to the tree.
// Run it by: make verify.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
	if failed > 0 {
		fmt.Printf("verify: %d checks failed\n", failed)
		os.Exit(1)
	}
}

// run runs all checks, also after one has failed.
func run(ctx context.Context) (failed int, err error) {
	tree, err := openTree(ctx, ".")
	if err != nil {
		return 0, err
	}
	defer tree.close()
	for _, check := range checks {
		began := time.Now()
		err := check.run(ctx, tree)
		seconds := time.Since(began).Seconds()
		if ctx.Err() != nil {
			return failed, ctx.Err()
		}
		if err != nil {
			failed++
			fmt.Printf("FAILED  %5.1f s  %s\n%v\n  → %s\n", seconds, check.name, err, check.advice)
			continue
		}
		fmt.Printf("passed  %5.1f s  %s\n", seconds, check.name)
	}
	return failed, nil
}
