# What the end-to-end tests share.

ROOT=$(cd "${BATS_TEST_DIRNAME:-$(dirname "${BASH_SOURCE[0]}")}/.." && pwd)
MANIFESTS=$ROOT/e2e/manifests

# Go's modules and what it built stay where they are.
if command -v go >/dev/null; then
  GOPATH=$(go env GOPATH) GOCACHE=$(go env GOCACHE) GOMODCACHE=$(go env GOMODCACHE)
  export GOPATH GOCACHE GOMODCACHE
fi

# What the programs keep between runs goes with the test, and no cluster of the user's is asked.
export HOME=$BATS_RUN_TMPDIR KUBECONFIG=/dev/null
unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME

# annotate FILE: the policy with its metadata, as it is published.
annotate() {
  kwctl annotate --metadata-path "$ROOT/policy-metadata.yml" --usage-path "$ROOT/README.md" \
    --output-path "$1" "$ROOT/policy.wasm"
}

# request MANIFEST: the request to create the object of a manifest, as JSON.
request() {
  kwctl scaffold admission-request --operation CREATE --object "$1" 2>/dev/null
}

# certificate [NAME]: one for loopback that signs itself, with its key, in [NAME-]cert.pem and -key.pem.
certificate() {
  local prefix=${1:+$1-}
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "${prefix}key.pem" -out "${prefix}cert.pem" -days 1 \
    -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null
}

# has TEXT: what `run` ran printed this.
has() {
  [[ $output == *"$1"* ]] || {
    printf 'not printed: %s\n' "$1"
    return 1
  }
}

# free_ports COUNT: ports of loopback on which nothing listens.
free_ports() {
  local port ports=()
  while [ "${#ports[@]}" -lt "$1" ]; do
    port=$((20000 + RANDOM % 20000))
    [[ " ${ports[*]} " == *" $port "* ]] || { exec 9<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || ports+=("$port")
  done
  exec 9>&- 2>/dev/null || true
  echo "${ports[*]}"
}
