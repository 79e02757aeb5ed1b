# Sightline in one image: the program, ONNX Runtime and the default model. docs/deployment.md says how to run it.
# hadolint global ignore=DL3008
# (apt's versions follow the base image, which is pinned.)

FROM golang:1.26-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends libturbojpeg0-dev pkg-config python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN make build VERSION="$VERSION"

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libstdc++6 libturbojpeg0 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin sightline \
 && install -d -o sightline -g sightline /data
COPY --from=build /src/bin/sightline /opt/sightline/bin/sightline
COPY --from=build /src/lib /opt/sightline/lib
COPY --from=build /src/models/default /opt/sightline/models/default
COPY --from=build /src/LICENSE /src/THIRD_PARTY_NOTICES.md /opt/sightline/
ENV PATH=/opt/sightline/bin:$PATH \
    SIGHTLINE_DATA=/data \
    SIGHTLINE_LISTEN=0.0.0.0:8080
USER 10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["sightline", "ready"]
ENTRYPOINT ["sightline"]
CMD ["serve"]
