#!/usr/bin/env bats
# A real Prometheus with the configuration that prometheus-operator generates for a ServiceMonitor that
# the policy admits, and for one that it denies. Only the discovery is replaced, by a target with the
# labels that the discovery would give it.
# needs: prometheus go curl jq

load helper

setup_file() {
  cd "$ROOT/tests/oracle"
  go build -o "$BATS_FILE_TMPDIR/oracle" .
  cd "$BATS_FILE_TMPDIR"
  export VERSION
  VERSION=$(prometheus --version 2>&1 | sed -nE '1s/.*version ([0-9]+\.[0-9]+\.[0-9]+).*/\1/p')
  for namespace in dev shop-dev prod shop-prod kube-system default; do
    echo "kube_pod_info{namespace=\"$namespace\",pod=\"web\"} 1"
    echo "container_memory_working_set_bytes{namespace=\"$namespace\",pod=\"web\"} 1e6"
  done >metrics.txt
  local port
  port=$(free_ports 1)
  ./oracle exporter -address "127.0.0.1:$port" -metrics metrics.txt 3>&- &
  echo $! >exporter.pid
  cat >targets.yaml <<EOF
- targets: ["127.0.0.1:$port"]
  labels:
    __meta_kubernetes_namespace: kube-system
    __meta_kubernetes_service_name: kubelet
    __meta_kubernetes_service_label_app_kubernetes_io_name: kubelet
    __meta_kubernetes_service_labelpresent_app_kubernetes_io_name: "true"
    __meta_kubernetes_endpoint_port_name: https-metrics
EOF
}

teardown_file() {
  kill "$(cat "$BATS_FILE_TMPDIR/exporter.pid")"
}

teardown() {
  if [ -n "${prometheus:-}" ]; then
    kill "$prometheus"
    wait "$prometheus" 2>/dev/null || true
  fi
}

# scrape MANIFEST: a Prometheus that has scraped what the monitor lets through; `port` is its.
scrape() {
  cd "$BATS_TEST_TMPDIR"
  "$BATS_FILE_TMPDIR/oracle" config -version "$VERSION" -targets "$BATS_FILE_TMPDIR/targets.yaml" \
    <"$1" >config.yaml
  port=$(free_ports 1)
  prometheus --config.file config.yaml --storage.tsdb.path data \
    --web.listen-address "127.0.0.1:$port" >prometheus.log 2>&1 3>&- &
  prometheus=$!
  for _ in $(seq 100); do
    [ "$(query 'count(scrape_samples_scraped > 0)' '.[].value[1]')" = 1 ] && return
    sleep 0.2
  done
  tail -20 prometheus.log
  return 1
}

# query EXPRESSION FILTER: what a filter of jq makes of the result.
query() {
  curl --silent --fail --get --data-urlencode "query=$1" "http://127.0.0.1:$port/api/v1/query" |
    jq --raw-output ".data.result | $2"
}

# namespaces METRIC: those that its series name, in order.
namespaces() {
  query "count by (namespace) ($1)" 'map(.metric.namespace) | sort | join(" ")'
}

@test "of what an admitted monitor scrapes, only its environment's namespaces show" {
  scrape "$MANIFESTS/admitted/servicemonitor.yaml"
  [ "$(namespaces kube_pod_info)" = "dev kube-system shop-dev" ]
  [ "$(namespaces container_memory_working_set_bytes)" = "dev kube-system shop-dev" ]
  [ "$(namespaces up)" = "kube-system" ]
}

@test "of what a denied monitor scrapes, the environment that was named shows" {
  scrape "$MANIFESTS/denied/servicemonitor.yaml"
  [[ " $(namespaces kube_pod_info) " == *" prod "* ]]
}
