#!/usr/bin/env bash
# Brings docker-compose.yml up where no image can be pulled, on images that stand in for the real
# ones, and tells the demo's stories against it. It shows that everything is wired together; it does
# not show the real images. As root, on Debian 12, in a clone that has run `make demo` once:
#   apt-get install docker.io docker-compose iptables debootstrap
#   deploy/containers/stand_in.sh all      (or one step: daemon images up demo tests down)
set -euo pipefail
cd "$(dirname "$0")/../.."
here=deploy/containers/stand_in work=.nrm/stand-in python=.venv/bin/python
export DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1 COMPOSE_HTTP_TIMEOUT=600 DOCKER_CLIENT_TIMEOUT=600
export COMPOSE=${COMPOSE:-docker-compose}
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
  "${compose[@]}" down --volumes --timeout 20
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
  daemon | images | up | demo | tests | down) "$1" ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
