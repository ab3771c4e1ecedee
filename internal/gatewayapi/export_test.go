// SPDX-License-Identifier: Apache-2.0

package gatewayapi

// Parse is what Bundle does with the embedded files.
var Parse = parse
