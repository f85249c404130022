#!/usr/bin/env bats
# The policy behind policy-server, which answers the API server's AdmissionReviews.
# needs: kwctl policy-server jq curl openssl

load helper
load policy-server

setup_file() {
  prepare_policy_server
  cat >policies.yml <<EOF
isolation:
  module: file://$BATS_FILE_TMPDIR/policy.wasm
  settings: {}
proven:
  module: file://$BATS_FILE_TMPDIR/policy.wasm
  settings:
    namespaceFilter: proven
EOF
  local kind
  for folder in admitted denied; do
    for manifest in "$MANIFESTS/$folder"/*.yaml; do
      kind=$(basename "$manifest" .yaml)
      request "$manifest" | jq '{apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: .}' \
        >"$folder-$kind.json"
    done
  done
  start_policy_server
}

teardown_file() {
  stop_policy_server
}

# post PATH REVIEW: the answer to an AdmissionReview.
post() {
  curl --silent --show-error --fail --cacert "$BATS_FILE_TMPDIR/cert.pem" --max-time 10 \
    --header "Content-Type: application/json" --data @"$BATS_FILE_TMPDIR/$2" \
    "$(policy_server_url "$1")"
}

# answers PATH FOLDER: whether it lets each kind in, and what it says.
answers() {
  local review
  for review in "$BATS_FILE_TMPDIR/$2"-*.json; do
    post "$1" "$(basename "$review")" |
      jq --raw-output --arg review "$(basename "$review" .json)" \
        '"\($review) \(.response.allowed) \(.response.status.message // "")"'
  done
}

@test "an object of each kind is admitted" {
  run answers validate/isolation admitted
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 9 ]
  for line in "${lines[@]}"; do
    [[ $line == *" true "* ]] || { echo "$line"; return 1; }
  done
}

@test "an object of each kind is denied, with what is wrong" {
  run answers validate/isolation denied
  [ "$status" -eq 0 ]
  [ "$(grep --count "^denied-[a-z]* false " <<<"$output")" -eq 9 ]
  has "1. spec.endpoints[0].metricRelabelings: series of namespace \"prod\" would be stored in dev's Prometheus"
  has "1. metadata.labels.release: "
}

@test "the audit scanner gets the same answers" {
  run answers audit/isolation denied
  [ "$status" -eq 0 ]
  [ "$(grep --count "^denied-[a-z]* false " <<<"$output")" -eq 9 ]
}

@test "machines read the violations in the audit annotation" {
  run post validate/isolation denied-servicemonitor.json
  [ "$status" -eq 0 ]
  # The API server puts the webhook's name before the key.
  run jq --raw-output '.response.auditAnnotations | to_entries[] | .value' <<<"$output"
  [ "$(jq --raw-output '.[0].witness' <<<"$output")" = prod ]
}

@test "each policy has its own settings" {
  run answers validate/proven denied
  has "denied-podmonitor true "
  has "denied-servicemonitor false "
}

@test "bad settings are reported when it starts" {
  local port readiness
  read -r port readiness < <(free_ports 2)
  cat >"$BATS_TEST_TMPDIR/policies.yml" <<EOF
isolation:
  module: file://$BATS_FILE_TMPDIR/policy.wasm
  settings:
    environments: [{name: dev}, {name: a-dev}]
EOF
  cd "$BATS_TEST_TMPDIR"
  run timeout 60 policy-server --addr 127.0.0.1 --port "$port" --readiness-probe-port "$readiness" \
    --policies policies.yml --policies-download-dir . --sigstore-cache-dir sigstore \
    --ignore-kubernetes-connection-failure
  [ "$status" -ne 0 ]
  [ "$status" -ne 124 ]
  has "a-dev"
}

@test "while it is killed and started again, no answer is wrong, and none is lost without an error" {
  ask() {
    local answer
    for _ in $(seq 150); do
      if answer=$(post validate/isolation denied-servicemonitor.json 2>/dev/null); then
        jq --raw-output '"answer \(.response.allowed)"' <<<"$answer"
      else
        echo "error"
      fi
    done
  }
  for client in 1 2 3; do
    ask >"$BATS_TEST_TMPDIR/$client" 3>&- &
    clients+=($!)
  done
  sleep 0.5
  stop_policy_server -KILL
  sleep 0.5
  start_policy_server
  wait "${clients[@]}"
  run cat "$BATS_TEST_TMPDIR"/[123]
  [ "${#lines[@]}" -eq 450 ]
  [ "$(grep --count "^answer false$" <<<"$output")" -gt 0 ]
  [ "$(grep --count "^error$" <<<"$output")" -gt 0 ]
  [ "$(grep --count --invert-match --extended-regexp "^(answer false|error)$" <<<"$output")" -eq 0 ]
}
