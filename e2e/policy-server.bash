# policy-server on loopback with TLS, for the tests that are behind it. Its files are in the test
# file's folder: the certificate in cert.pem, what it logs in server.log.

# prepare_policy_server: the annotated policy, and a certificate.
prepare_policy_server() {
  cd "$BATS_FILE_TMPDIR"
  annotate policy.wasm
  certificate
}

# start_policy_server: serves the policies of policies.yml; returns when it is ready.
start_policy_server() {
  cd "$BATS_FILE_TMPDIR"
  [ -e ports ] || free_ports 2 >ports
  local port readiness
  read -r port readiness <ports
  policy-server --addr 127.0.0.1 --port "$port" --readiness-probe-port "$readiness" \
    --cert-file cert.pem --key-file key.pem --policies policies.yml --policies-download-dir . \
    --sigstore-cache-dir sigstore --ignore-kubernetes-connection-failure --workers 2 \
    >server.log 2>&1 3>&- &
  echo $! >policy-server.pid
  for _ in $(seq 150); do
    curl --silent --fail "http://127.0.0.1:$readiness/readiness" >/dev/null && return
    kill -0 "$(cat policy-server.pid)" 2>/dev/null || break
    sleep 0.2
  done
  cat server.log
  return 1
}

# stop_policy_server [SIGNAL]
stop_policy_server() {
  cd "$BATS_FILE_TMPDIR"
  [ -e policy-server.pid ] || return 0
  kill "${1:--TERM}" "$(cat policy-server.pid)" 2>/dev/null || true
  while kill -0 "$(cat policy-server.pid)" 2>/dev/null; do sleep 0.1; done
  rm policy-server.pid
}

# policy_server_url PATH
policy_server_url() {
  local port
  read -r port _ <"$BATS_FILE_TMPDIR/ports"
  echo "https://127.0.0.1:$port/$1"
}
