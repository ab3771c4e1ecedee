// SPDX-License-Identifier: Apache-2.0

package v1

// GatewayAPIMode is who manages the CRDs of the Gateway API.
// +kubebuilder:validation:Enum=Auto;Manage;Ignore
type GatewayAPIMode string

// The modes for the Gateway API.
const (
	GatewayAPIAuto   GatewayAPIMode = "Auto"
	GatewayAPIManage GatewayAPIMode = "Manage"
	GatewayAPIIgnore GatewayAPIMode = "Ignore"
)
