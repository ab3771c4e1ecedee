// The Gateway API's CRDs: one alias for each version that a release in
// internal/istio was made for. main.go copies them from the module cache.
module github.com/gloo-operator/gloo-operator/hack/gatewayapi

go 1.26.0

require (
	gatewayapi.local/v1_3 v0.0.0
	gatewayapi.local/v1_4 v0.0.0
	gatewayapi.local/v1_6 v0.0.0
	sigs.k8s.io/yaml v1.6.0
)

require go.yaml.in/yaml/v2 v2.4.4 // indirect

replace (
	gatewayapi.local/v1_3 => sigs.k8s.io/gateway-api v1.3.0
	gatewayapi.local/v1_4 => sigs.k8s.io/gateway-api v1.4.0
	gatewayapi.local/v1_6 => sigs.k8s.io/gateway-api v1.6.0
)
