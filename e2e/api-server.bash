# A Kubernetes API server and its etcd on loopback: no nodes, no controllers. Their files are in the
# test file's folder, what they log in etcd.log and api-server.log, the audit events in audit.log.

# kubectl ARGUMENT…: as an administrator of that API server.
kubectl() {
  command kubectl --kubeconfig "$BATS_FILE_TMPDIR/kubeconfig" "$@"
}

# start_api_server: returns when it is ready.
start_api_server() {
  cd "$BATS_FILE_TMPDIR"
  local client peer port
  read -r client peer port < <(free_ports 3)
  etcd --data-dir etcd --listen-client-urls "http://127.0.0.1:$client" \
    --advertise-client-urls "http://127.0.0.1:$client" --listen-peer-urls "http://127.0.0.1:$peer" \
    --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
    --initial-cluster "default=http://127.0.0.1:$peer" >etcd.log 2>&1 3>&- &
  echo $! >etcd.pid
  certificate api-server
  openssl genrsa -out service-accounts.pem 2048 2>/dev/null
  echo 'token,administrator,administrator,system:masters' >tokens.csv
  cat >audit.yaml <<AUDIT
apiVersion: audit.k8s.io/v1
kind: Policy
rules: [{level: Metadata, verbs: [create, update, patch]}]
AUDIT
  # Without nodes nothing reaches the API server by its service, whose endpoints cannot be loopback.
  kube-apiserver --etcd-servers "http://127.0.0.1:$client" --bind-address 127.0.0.1 \
    --secure-port "$port" --endpoint-reconciler-type none --service-cluster-ip-range 10.0.0.0/24 \
    --tls-cert-file api-server-cert.pem --tls-private-key-file api-server-key.pem \
    --token-auth-file tokens.csv --authorization-mode RBAC \
    --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file service-accounts.pem \
    --service-account-signing-key-file service-accounts.pem \
    --audit-policy-file audit.yaml --audit-log-path audit.log \
    >api-server.log 2>&1 3>&- &
  echo $! >api-server.pid
  cat >kubeconfig <<CONFIG
apiVersion: v1
kind: Config
clusters:
  - name: e2e
    cluster: {server: "https://127.0.0.1:$port", certificate-authority: $PWD/api-server-cert.pem}
users: [{name: administrator, user: {token: token}}]
contexts: [{name: e2e, context: {cluster: e2e, user: administrator}}]
current-context: e2e
CONFIG
  for _ in $(seq 300); do
    if kubectl get --raw /readyz >/dev/null 2>&1 && kubectl get namespace kube-system >/dev/null 2>&1; then
      return
    fi
    kill -0 "$(cat api-server.pid)" 2>/dev/null || break
    sleep 0.2
  done
  tail -20 etcd.log api-server.log
  return 1
}

stop_api_server() {
  cd "$BATS_FILE_TMPDIR"
  local name
  for name in api-server etcd; do
    [ -e "$name.pid" ] || continue
    kill "$(cat "$name.pid")" 2>/dev/null || true
    while kill -0 "$(cat "$name.pid")" 2>/dev/null; do sleep 0.1; done
    rm "$name.pid"
  done
}
