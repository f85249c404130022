#!/usr/bin/env bats
# The manifests of deploy/ in a Kubernetes API server that knows Kubewarden's kinds. Kubewarden itself does
# not run. KUBEWARDEN_CRDS names the folder with their definitions: config/crd/bases of
# https://github.com/kubewarden/kubewarden-controller, at the tag v1.35.0.
# needs: kube-apiserver etcd kubectl jq openssl $KUBEWARDEN_CRDS

load helper
load api-server

DEPLOY=$ROOT/deploy
POLICY=clusteradmissionpolicy/prometheus-env-isolation
SERVER=policyserver/prometheus-env-isolation

setup_file() {
  start_api_server
  kubectl create --filename "$KUBEWARDEN_CRDS"
  kubectl create namespace kubewarden
}

teardown_file() {
  stop_api_server
}

# apply FOLDER: a field that the API server does not know is an error.
apply() {
  kubectl apply --validate=strict --kustomize "$DEPLOY/$1"
}

# field OBJECT FILTER: what a filter of jq finds in an object of the cluster.
field() {
  kubectl get "$1" --output json | jq --compact-output --raw-output --sort-keys "$2"
}

# expected_rules: those of the metadata.
expected_rules() {
  {
    printf '%s\n' "apiVersion: policies.kubewarden.io/v1" "kind: ClusterAdmissionPolicy" \
      "metadata: {name: expected}" "spec:"
    sed '/^mutating:/,$d; s/^/  /' "$ROOT/policy-metadata.yml"
  } | kubectl create --dry-run=client --validate=false --output json --filename - |
    jq --compact-output --sort-keys .spec.rules
}

# as_given FOLDER: nothing of it was dropped, and nothing has to be changed any more.
as_given() {
  run kubectl diff --kustomize "$DEPLOY/$1"
  [ "$status" -eq 0 ] || { echo "$output"; return 1; }
  [ -z "$output" ]
}

@test "Kubewarden's kinds are established" {
  run kubectl wait --for condition=Established --timeout 60s crd --all
  [ "$status" -eq 0 ]
  has clusteradmissionpolicies.policies.kubewarden.io
  has policyservers.policies.kubewarden.io
}

@test "mode monitor is accepted, and kept as it was given" {
  apply monitor
  as_given monitor
  # The folder above is the same.
  as_given .
  [ "$(field $POLICY '.spec | "\(.mode) \(.failurePolicy) \(.mutating) \(.backgroundAudit) \(.policyServer)"')" = \
    "monitor Ignore false true prometheus-env-isolation" ]
  [ "$(field $POLICY .spec.rules)" = "$(expected_rules)" ]
  [ "$(field $SERVER '.spec | "\(.replicas) \(.maxUnavailable)"')" = "2 1" ]
}

@test "mode protect is accepted over it, and changes nothing else" {
  apply monitor
  local filter='del(.metadata, .spec.mode, .spec.failurePolicy)' policy server
  policy=$(field $POLICY "$filter")
  server=$(field $SERVER .spec)
  apply protect
  as_given protect
  [ "$(field $POLICY '.spec | "\(.mode) \(.failurePolicy)"')" = "protect Fail" ]
  [ "$(field $POLICY .spec.rules)" = "$(expected_rules)" ]
  [ "$(field $POLICY "$filter")" = "$policy" ]
  [ "$(field $SERVER .spec)" = "$server" ]
}

@test "the next version is accepted beside it, on a server of its own" {
  apply protect
  apply next
  as_given next
  as_given protect
  [ "$(field $POLICY-next '.spec | "\(.mode) \(.failurePolicy) \(.policyServer)"')" = \
    "monitor Ignore prometheus-env-isolation-next" ]
  [ "$(field $SERVER-next .spec.replicas)" = 1 ]
  kubectl delete --kustomize "$DEPLOY/next"
  as_given protect
}

# scanner_may VERB RESOURCE: whether the audit scanner may do that with the operator's resource, anywhere.
scanner_may() {
  [ "$(kubectl create --output "jsonpath={.status.allowed}" --filename - <<EOF
apiVersion: authorization.k8s.io/v1
kind: SubjectAccessReview
spec:
  user: system:serviceaccount:kubewarden:audit-scanner
  resourceAttributes: {group: monitoring.coreos.com, resource: $2, verb: $1}
EOF
  )" = true ]
}

@test "the audit scanner may list what is judged, and nothing more" {
  local resource judged
  # Claims are in the role "view", which Kubewarden's chart gives it.
  judged=$(expected_rules | jq --raw-output '.[].resources[] | select(. != "persistentvolumeclaims")')
  apply monitor
  for resource in $judged; do
    # The API server takes a moment to learn of a role.
    for _ in $(seq 50); do scanner_may list "$resource" && break; sleep 0.1; done
    scanner_may list "$resource"
    ! scanner_may get "$resource" || return 1
    ! scanner_may delete "$resource" || return 1
  done
}

@test "a field that does not exist is refused" {
  kubectl kustomize "$DEPLOY/monitor" | sed 's/failurePolicy:/failurPolicy:/' >"$BATS_TEST_TMPDIR/wrong.yaml"
  run kubectl apply --validate=strict --filename "$BATS_TEST_TMPDIR/wrong.yaml"
  [ "$status" -ne 0 ]
  has 'unknown field "spec.failurPolicy"'
}
