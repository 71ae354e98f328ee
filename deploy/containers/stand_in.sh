#!/usr/bin/env bash
# Brings docker-compose.yml up where no image can be pulled, on images that stand in for the real
# ones, and tells the demo's stories against it. It shows that everything is wired together; it does
# not show the real images. As root, on Debian 12, in a clone that has run `make demo` once:
#   apt-get install docker.io docker-compose iptables debootstrap
#   deploy/containers/stand_in.sh all      (or one step: daemon images up demo tests down)
# With Go as well, `programs` builds the collector, Jaeger and Prometheus from their Go modules, and
# `observe` brings them up beside what `up` started and asks them; Grafana has no module that builds.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=deploy/containers/stand_in work=.nrm/stand-in python=.venv/bin/python
export DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1 COMPOSE_HTTP_TIMEOUT=600 DOCKER_CLIENT_TIMEOUT=600
export COMPOSE=${COMPOSE:-docker-compose}
export PATH=/usr/bin:$PATH # Debian's own client: it can build without anything beside it
compose=("$COMPOSE" -f docker-compose.yml -f deploy/containers/demo.yaml)
mkdir -p "$work"

took() { # took WHAT COMMAND...: run it, say how long it took
  local what=$1 began=$SECONDS
  shift
  "$@"
  echo "$what: $((SECONDS - began)) s"
}

default() { # default VARIABLE: as .env.example, or the environment, has it
  local told=${!1:-}
  echo "${told:-$(sed -n "s/^$1=//p" .env.example)}"
}

daemon() { # a daemon of our own, unless one answers; `down` ends only this one
  docker info >/dev/null 2>&1 && return
  setsid nohup dockerd >"$work/dockerd.log" 2>&1 &
  echo $! >"$work/dockerd.pid"
  for _ in $(seq 300); do
    docker info >/dev/null 2>&1 && return
    sleep 0.2
  done
  echo "dockerd did not start: see $work/dockerd.log" >&2
  return 1
}

debian() { # a base image without any registry; it trusts what this machine trusts
  docker image inspect debian:bookworm-slim >/dev/null 2>&1 && return
  local mirror bundle=${CA_BUNDLE:-/etc/ssl/certs/ca-certificates.crt}
  mirror=$(sed -n 's/^URIs: //p' /etc/apt/sources.list.d/debian.sources | head -1)
  rm -rf "$work/root"
  debootstrap --variant=minbase bookworm "$work/root" "$mirror" >"$work/debootstrap.log"
  mkdir -p "$work/root/etc/ssl"
  cp -L "$bundle" "$work/root/etc/ssl/machine.crt"
  tar -C "$work/root" -c . | docker import \
    -c 'CMD ["/bin/bash"]' \
    -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    -c 'ENV PIP_CERT=/etc/ssl/machine.crt SSL_CERT_FILE=/etc/ssl/machine.crt' \
    - debian:bookworm-slim >/dev/null
}

image() { # image VARIABLE NAME CONTEXT: a stand-in under the name that Compose asks for
  docker build --quiet --tag "$(default "$1")" --file "$here/$2.Dockerfile" "$3" >/dev/null
}

kafka_context() { # the jars that the embedded stack has fetched
  local jars
  jars=$($python -c 'from deploy.local.parts import kafka_libraries; print(kafka_libraries())')
  rm -rf "$work/kafka"
  mkdir "$work/kafka"
  cp -r "$jars" "$work/kafka/libs"
  cp "$here/kafka-entry" "$work/kafka/"
}

images() {
  took "base image" debian
  took "stand-in for Python" image PYTHON_IMAGE python "$here"
  took "stand-in for PostgreSQL" image POSTGRES_IMAGE postgres "$here"
  kafka_context
  took "stand-in for Kafka" image KAFKA_IMAGE kafka "$work/kafka"
  $python -m deploy.containers prepare --demo # Compose reads the environments also to build
  took "our own images" "$COMPOSE" -f docker-compose.yml build --quiet
  docker images --format '{{.Repository}}:{{.Tag}} {{.Size}}'
}

module() { # module MODULE@VERSION: fetch it, checked against the public sums; say where it lies
  go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'
}

built() { # built FOLDER PACKAGE...: programs of a module, as it is published
  local folder=$1 target=$PWD/$work/observe
  shift
  (cd "$folder" && GOWORK=off go build -mod=mod -trimpath -tags remove_all_sd -ldflags '-s -w' \
    -o "$target/" "$@")
}

collector() { # of the parts listed; `go get` takes no module that only tests of others need
  local version folder=$work/otelcol-contrib parts=$here/collector-parts.yaml
  version=$(sed -n 's/^  version: /v/p' "$parts")
  built "$(module "go.opentelemetry.io/collector/cmd/builder@$version")" .
  rm -rf "$folder"
  "$work/observe/builder" --config "$parts" --skip-get-modules --skip-compilation
  (cd "$folder" && go mod init nrm.invalid/otelcol-contrib &&
    sed -n 's/^ *- gomod: \(.*\) \(v.*\)$/\1@\2/p' "$OLDPWD/$parts" |
    xargs go get "go.opentelemetry.io/collector/otelcol@$version")
  built "$folder" .
}

programs() { # Prometheus 3.16 is its module's 0.316, Jaeger 2.13 its module's 1.76
  local major minor patch
  mkdir -p "$work/observe"
  IFS=. read -r major minor patch <<<"$(default PROMETHEUS_IMAGE | sed 's/.*:v//')"
  took "Prometheus" built "$(module "github.com/prometheus/prometheus@v0.$((major * 100 + minor)).$patch")" \
    ./cmd/prometheus ./cmd/promtool
  IFS=. read -r _ minor patch <<<"$(default JAEGER_IMAGE | sed 's/.*://')"
  took "Jaeger" built "$(module "github.com/jaegertracing/jaeger@v1.$((minor + 63)).$patch")" ./cmd/jaeger
  took "collector" collector
  image COLLECTOR_IMAGE collector "$work/observe"
  image JAEGER_IMAGE jaeger "$work/observe"
  image PROMETHEUS_IMAGE prometheus "$work/observe"
}

observe() { # services are made anew, since their settings now name the collectors
  local all
  $python -m deploy.containers prepare --demo --observe
  mapfile -t all < <("${compose[@]}" --profile observe config --services | grep -v '^grafana$')
  took "observe" "${compose[@]}" --profile observe up --detach --no-build "${all[@]}"
  took "demo" .venv/bin/nrm demo --against .nrm/containers
  "${compose[@]}" exec -T prometheus promtool check rules /etc/prometheus/alerts.yaml
  $python -m deploy.containers.seen
}

up() {
  "${compose[@]}" config --quiet
  took "up" "${compose[@]}" up --detach --no-build
  $python -m deploy.containers describe
}

demo() {
  took "demo" .venv/bin/nrm demo --against .nrm/containers
  docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' | sort
}

tests() {
  NRM_TEST_STACK=containers took "tests" $python -m pytest -q -p no:xdist tests/integration/chassis
}

down() { # everything that was started here, and nothing else; records and rows are deleted
  "${compose[@]}" --profile observe down --volumes --timeout 20
  [ -f "$work/dockerd.pid" ] || return 0
  kill "$(cat "$work/dockerd.pid")"
  rm "$work/dockerd.pid"
}

case ${1:-} in
  all)
    daemon
    trap down EXIT
    images
    up
    demo
    tests
    ;;
  daemon | images | programs | up | demo | tests | observe | down) "$1" ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
