// SPDX-License-Identifier: Apache-2.0

//go:build never

// This file is never compiled. It keeps the modules that main.go copies from in
// go.mod, and their hashes in go.sum.

package main

import (
	_ "gatewayapi.local/v1_3/pkg/consts"
	_ "gatewayapi.local/v1_4/pkg/consts"
	_ "gatewayapi.local/v1_6/pkg/consts"
)
