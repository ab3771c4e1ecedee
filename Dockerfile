# SPDX-License-Identifier: Apache-2.0
# The operator's image: two static binaries, no shell, no root. `make image` makes the
# same without a container engine, and a test compares the two.
#   docker build --build-arg RELEASE="$(git describe --tags --always)" -t gloo-operator .
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
ARG TARGETOS TARGETARCH RELEASE=unknown
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make gateway-api # runs here, whatever the target is
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH make build RELEASE="$RELEASE"

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/bin/gloo-operator /src/bin/gloo-operator-probe /
USER 65532:65532
ENTRYPOINT ["/gloo-operator"]
CMD ["run"]
