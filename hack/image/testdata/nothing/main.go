// SPDX-License-Identifier: Apache-2.0

// Command nothing does nothing: a test makes an image of it.
package main

func main() {}
