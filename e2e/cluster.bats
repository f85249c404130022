#!/usr/bin/env bats
# The policy where it decides: a Kubernetes API server with prometheus-operator's resources asks
# policy-server, and kubectl shows what a user sees. No controllers run; what they would do is done by
# hand.
# needs: kube-apiserver etcd kubectl kwctl policy-server go jq curl openssl

load helper
load api-server
load policy-server

WEBHOOK=clusterwide-prometheus-env-isolation

setup_file() {
  prepare_policy_server
  cat >policies.yml <<EOF
$WEBHOOK:
  module: file://$BATS_FILE_TMPDIR/policy.wasm
  settings: {}
EOF
  start_policy_server
  start_api_server
  local operator namespace
  operator=$(cd "$ROOT/tests/oracle" && go mod download github.com/prometheus-operator/prometheus-operator &&
    go list -m -f '{{.Dir}}' github.com/prometheus-operator/prometheus-operator)
  kubectl create --filename "$operator/example/prometheus-operator-crd"
  kubectl wait --for condition=Established --timeout 60s crd --all
  for namespace in monitoring-dev monitoring-prod airflow-dev airflow-prod shop-dev; do
    kubectl create namespace "$namespace"
  done
  register
}

teardown_file() {
  stop_policy_server
  stop_api_server
}

# The webhook that Kubewarden makes of a ClusterAdmissionPolicy with the rules of the metadata, but for
# the service in front of policy-server.
webhook() {
  cat <<EOF
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: $WEBHOOK
webhooks:
  - name: $WEBHOOK.kubewarden.admission
    clientConfig:
      url: $(policy_server_url "validate/$WEBHOOK")
      caBundle: $(base64 --wrap 0 "$BATS_FILE_TMPDIR/cert.pem")
    failurePolicy: Fail
    matchPolicy: Equivalent
    namespaceSelector:
      matchExpressions:
        - {key: kubernetes.io/metadata.name, operator: NotIn, values: [kubewarden]}
    sideEffects: None
    timeoutSeconds: 10
    admissionReviewVersions: [v1]
$(sed '/^mutating:/,$d; s/^/    /' "$ROOT/policy-metadata.yml")
EOF
}

# asked: whether the API server asks the policy, which denies this.
asked() {
  ! kubectl create --dry-run=server --filename "$MANIFESTS/denied/prometheusrule.yaml" >/dev/null 2>&1
}

# The API server takes a moment to learn of a change of its webhooks.
register() {
  webhook | kubectl apply --filename -
  for _ in $(seq 100); do asked && return; sleep 0.1; done
  return 1
}

unregister() {
  kubectl delete validatingwebhookconfiguration "$WEBHOOK"
  for _ in $(seq 100); do asked || return 0; sleep 0.1; done
  return 1
}

# denied KIND NAME: what `run` ran was denied by the policy, about this object.
denied() {
  [ "$status" -ne 0 ]
  has "admission webhook \"$WEBHOOK.kubewarden.admission\" denied the request: $1 $2: "
}

@test "the manifests before the repair are denied, with what a user can paste" {
  run kubectl apply --filename "$ROOT/examples/before"
  denied ServiceMonitor monitoring-dev/kubelet
  denied ServiceMonitor monitoring-dev/kube-state-metrics
  denied ServiceMonitor monitoring-prod/kube-state-metrics
  denied Prometheus monitoring-dev/monitoring-dev
  denied Prometheus monitoring-prod/monitoring-prod
  denied PersistentVolumeClaim monitoring-dev/prometheus-monitoring-dev-db-prometheus-monitoring-dev-0
  denied PersistentVolumeClaim monitoring-prod/prometheus-monitoring-prod-db-prometheus-monitoring-prod-0
  has "spec.endpoints[1].metricRelabelings: series of namespace \"prod\" would be stored in dev's Prometheus"
  has "
   Fix:
     metricRelabelings:
       - action: keep
         regex: 'dev|.*-dev|kube-system'
         sourceLabels:
           - namespace"
  has "1. metadata.labels.release: namespace \"monitoring-prod\" belongs to environment \"prod\""
  # What is no business of the policy's comes in.
  has "persistentvolumeclaim/grafana created"
  run kubectl get servicemonitors,prometheuses --all-namespaces --output name
  [ -z "$output" ] || [ "$output" = "No resources found" ]
}

@test "the fixed manifests are created, and applied again without a word" {
  run kubectl apply --filename "$ROOT/examples/fixed"
  [ "$status" -eq 0 ]
  has "servicemonitor.monitoring.coreos.com/kubelet created"
  run kubectl apply --filename "$ROOT/examples/fixed"
  [ "$status" -eq 0 ]
  [ "$(grep --count ' unchanged$' <<<"$output")" -eq "${#lines[@]}" ]
}

@test "an object of each kind is denied and admitted" {
  local manifest kind
  for manifest in "$MANIFESTS"/denied/*.yaml; do
    kind=$(sed -n 's/^kind: //p' "$manifest")
    # Some have names that are taken by now, and a claim's class cannot be changed.
    sed 's/^  name: \(.*\)/  name: \1-1/' "$manifest" >"$BATS_TEST_TMPDIR/denied.yaml"
    sed 's/^  name: \(.*\)/  name: \1-1/' "${manifest/denied/admitted}" >"$BATS_TEST_TMPDIR/admitted.yaml"
    run kubectl create --dry-run=server --filename "$BATS_TEST_TMPDIR/denied.yaml"
    denied "$kind" "$(sed -n 's/^  namespace: //p' "$manifest")/$(sed -n 's/^  name: //p' "$BATS_TEST_TMPDIR/denied.yaml")"
    run kubectl create --dry-run=server --filename "$BATS_TEST_TMPDIR/admitted.yaml"
    [ "$status" -eq 0 ]
  done
}

@test "an update that brings a leak in is denied" {
  run kubectl --namespace airflow-dev patch podmonitor airflow-workers --type json --patch \
    '[{"op": "replace", "path": "/spec/podMetricsEndpoints", "value": [{"port": "metrics", "honorLabels": true}]}]'
  denied PodMonitor airflow-dev/airflow-workers
  run kubectl --namespace airflow-dev label podmonitor airflow-workers --overwrite release=monitoring-prod
  denied PodMonitor airflow-dev/airflow-workers
}

@test "a warning is shown, and the object comes in" {
  run kubectl --namespace airflow-dev patch podmonitor airflow-workers --type merge --dry-run=server \
    --patch '{"spec": {"scrapeClass": "mine"}}'
  [ "$status" -eq 0 ]
  has "Warning: spec.scrapeClass: the rules of scrape class \"mine\" are those of the Prometheus"
}

@test "the audit log has the violations for machines" {
  run kubectl create --dry-run=server --filename "$MANIFESTS/denied/podmonitor.yaml"
  denied PodMonitor shop-dev/workers
  local key=$WEBHOOK.kubewarden.admission/violations violations
  violations=$(jq --raw-output --arg key "$key" \
    'select(.objectRef.resource == "podmonitors" and .responseStatus.code != 200).annotations[$key] // empty' \
    "$BATS_FILE_TMPDIR/audit.log" | tail -1)
  [ "$(jq --raw-output '.[0] | "\(.rule) \(.field) \(.witness)"' <<<"$violations")" = \
    "namespace-filter spec.podMetricsEndpoints[0].relabelings null" ]
}

@test "an old object that violates a rule can be annotated and deleted, and its finalizer taken off" {
  unregister
  kubectl create --filename "$MANIFESTS/denied/podmonitor.yaml"
  register
  local old=(--namespace shop-dev podmonitor workers)
  kubectl annotate "${old[@]}" example.com/seen=yes
  kubectl patch "${old[@]}" --type merge --patch '{"metadata": {"finalizers": ["example.com/hold"]}}'
  run kubectl label "${old[@]}" other=label
  denied PodMonitor shop-dev/workers
  kubectl delete "${old[@]}" --wait=false
  # That it is being deleted excuses no change of what is scraped.
  run kubectl patch "${old[@]}" --type merge --patch '{"spec": {"selector": {"matchLabels": {"app": "shop"}}}}'
  denied PodMonitor shop-dev/workers
  kubectl patch "${old[@]}" --type merge --patch '{"metadata": {"finalizers": null}}'
  run kubectl get "${old[@]}"
  [ "$status" -ne 0 ]
  has NotFound
}

@test "an old volume claim can be bound and deleted, and its class is judged only when it changes" {
  local name=prometheus-monitoring-dev-db-prometheus-monitoring-dev-1
  local claim=(--namespace monitoring-dev persistentvolumeclaim "$name")
  unregister
  sed "s/^  name: .*/  name: $name/; s/storageClassName: .*/storageClassName: nfs/" \
    "$MANIFESTS/denied/persistentvolumeclaim.yaml" | kubectl create --filename -
  kubectl create --filename - <<EOF
apiVersion: v1
kind: PersistentVolume
metadata: {name: old}
spec:
  accessModes: [ReadWriteOnce]
  capacity: {storage: 50Gi}
  storageClassName: nfs
  nfs: {server: nfs.example.com, path: /}
EOF
  register
  # What the volume controller does.
  kubectl patch "${claim[@]}" --type merge --patch \
    '{"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}, "spec": {"volumeName": "old"}}'
  kubectl patch "${claim[@]}" --subresource status --type merge --patch \
    '{"status": {"phase": "Bound", "capacity": {"storage": "50Gi"}, "accessModes": ["ReadWriteOnce"]}}'
  [ "$(kubectl get "${claim[@]}" --output 'jsonpath={.spec.volumeName} {.status.phase}')" = "old Bound" ]
  kubectl delete "${claim[@]}" --wait=false
  kubectl patch "${claim[@]}" --type merge --patch '{"metadata": {"finalizers": null}}'
  run kubectl get "${claim[@]}"
  [ "$status" -ne 0 ]
  has NotFound
}

@test "without policy-server nothing that it judges comes in, and what it does not judge does" {
  stop_policy_server
  run kubectl create --dry-run=server --filename "$MANIFESTS/admitted/probe.yaml"
  [ "$status" -ne 0 ]
  has "failed calling webhook \"$WEBHOOK.kubewarden.admission\""
  has "connection refused"
  run kubectl --namespace airflow-dev label podmonitor airflow-workers seen=yes
  [ "$status" -ne 0 ]
  kubectl --namespace shop-dev create configmap other
  kubectl --namespace airflow-dev delete podmonitor airflow-workers
  start_policy_server
  kubectl create --dry-run=server --filename "$MANIFESTS/admitted/probe.yaml"
}
