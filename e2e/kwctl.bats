#!/usr/bin/env bats
# The policy as its users try it before they deploy it.
# needs: kwctl jq

load helper

setup_file() {
  annotate "$BATS_FILE_TMPDIR/policy.wasm"
}

setup() {
  policy=$BATS_FILE_TMPDIR/policy.wasm
}

# judge FOLDER: runs the policy on each manifest of a folder, and prints what it answers by kind.
judge() {
  local manifest
  for manifest in "$MANIFESTS/$1"/*.yaml; do
    request "$manifest" >"$BATS_TEST_TMPDIR/request.json"
    kwctl run --request-path "$BATS_TEST_TMPDIR/request.json" "$policy" 2>/dev/null |
      jq --raw-output --arg kind "$(basename "$manifest" .yaml)" '"\($kind) \(.allowed) \(.status.message // "")"'
  done
}

@test "inspect shows the metadata and the README" {
  run kwctl inspect "$policy"
  [ "$status" -eq 0 ]
  has "prometheus-env-isolation-policy"
  has "Apache-2.0"
  has "kubewarden-wapc"
  has "servicemonitors"
  has "persistentvolumeclaims"
  has "What is decided"
}

@test "an object of each kind is admitted" {
  run judge admitted
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 9 ]
  for line in "${lines[@]}"; do
    [[ $line == *" true "* ]] || { echo "$line"; return 1; }
  done
}

@test "an object of each kind is denied, with the field that is wrong" {
  run judge denied
  [ "$status" -eq 0 ]
  has "persistentvolumeclaim false "
  has "1. spec.storageClassName: "
  has "podmonitor false "
  has "1. spec.podMetricsEndpoints[0].relabelings: "
  has "probe false "
  has "1. spec.targets.ingress.relabelingConfigs: "
  has "prometheus false "
  has "prometheusagent false "
  has "thanosruler false "
  has "1. spec.storage.volumeClaimTemplate.spec.storageClassName: "
  has "prometheusrule false "
  has "1. metadata.labels.release: "
  has "scrapeconfig false "
  has "1. spec.relabelings: "
  has "servicemonitor false "
  has "1. spec.endpoints[0].metricRelabelings: series of namespace \"prod\" would be stored in dev's Prometheus"
}

@test "settings decide" {
  request "$MANIFESTS/denied/persistentvolumeclaim.yaml" >"$BATS_TEST_TMPDIR/request.json"
  run kwctl run --request-path "$BATS_TEST_TMPDIR/request.json" \
    --settings-json '{"prometheusStorageClasses": ["nfs"]}' "$policy"
  [ "$status" -eq 0 ]
  has '"allowed":true'
}

@test "mistakes in the settings are told, all at once" {
  request "$MANIFESTS/admitted/probe.yaml" >"$BATS_TEST_TMPDIR/request.json"
  run kwctl run --request-path "$BATS_TEST_TMPDIR/request.json" \
    --settings-json '{"environments": [{"name": "dev"}, {"name": "a-dev"}], "prometheusStorageClasses": []}' "$policy"
  [ "$status" -ne 0 ]
  has "a-dev"
  has "prometheusStorageClasses"
}

@test "the request of the README is judged as the README says" {
  run kwctl run --request-path "$ROOT/examples/request.json" \
    --settings-json '{"namespaceFilter": "proven"}' "$policy"
  [ "$status" -eq 0 ]
  has '"allowed":false'
}
