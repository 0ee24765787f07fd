{{/*
What the schema can't see, said before anything is installed: each problem is a line
`name = "value": reason`, and all of them are said at once.
*/}}
{{- define "sqs-connector.check" -}}
{{- $problems := include "sqs-connector.problems" . | trim -}}
{{- if $problems -}}
{{- fail (printf "these values can't be installed:\n%s\n" (regexReplaceAll "\n+" $problems "\n")) -}}
{{- end -}}
{{- end -}}

{{- define "sqs-connector.problems" -}}
{{- $values := .Values }}
{{- $given := and .Values.queueURL (not (regexMatch "^(https?://[, ]*)+$" .Values.queueURL)) }}
{{- if and .Values.queues $given }}
queueURL = {{ .Values.queueURL | quote }}: there are queues as well; give one of the two, best all of them in queues
{{- else if .Values.queues }}
{{- $seen := dict }}
{{- range $n, $queue := .Values.queues }}
{{- $prefix := printf "queues[%d]." $n }}
{{- $general := pick $values "visibilityTimeout" "shortVisibility" "waitTime" "concurrency" "concurrencyMin" "maxBytesInFlight" "mode" "batchSize" "batchWindow" "callbackTimeout" "contentType" "backoff" "probeMin" "probeMax" "filter" "onFiltered" "roleArn" }}
{{- if eq (toString $general.visibilityTimeout) "30s" }}{{ $_ := unset $general "visibilityTimeout" }}{{ end }}
{{- $all := merge (deepCopy $queue) (deepCopy $general) }}
{{- if $values.asyncInvocation }}{{ $_ := set $all "mode" (default "async" $queue.mode) }}{{ end }}
{{- include "sqs-connector.urlProblems" (dict "name" (printf "%surl" $prefix) "url" $queue.url) }}
{{- include "sqs-connector.queueProblems" (dict "prefix" $prefix "own" $queue "it" $all "url" $queue.url "call" $values.upstreamTimeout) }}
{{- $key := include "sqs-connector.queueKey" $queue.url }}
{{- $ofUrl := include "sqs-connector.regionOfUrl" $queue.url }}
{{- if and $queue.region $ofUrl (ne $ofUrl (toString $queue.region)) }}
{{ $prefix }}region = {{ $queue.region | quote }}: the queue's URL is in {{ $ofUrl }}
{{- end }}
{{- if hasKey $seen $key }}
{{ $prefix }}url = {{ $queue.url | quote }}: the same queue as {{ get $seen $key }}; name it once
{{- end }}
{{- $_ := set $seen $key (trimSuffix "." $prefix) }}
{{- end }}
{{- else }}
{{- if not (splitList "," (default "" .Values.queueURL) | join "" | trim) }}
queueURL = "": no queue; give its URL, such as https://sqs.eu-west-1.amazonaws.com/000000000000/orders, or a list of them in queues
{{- else }}
{{- $seen := list }}
{{- range splitList "," .Values.queueURL }}
{{- $url := trim . }}
{{- if $url }}
{{- include "sqs-connector.urlProblems" (dict "name" "queueURL" "url" $url) }}
{{- include "sqs-connector.queueProblems" (dict "prefix" "" "own" $values "it" (merge (dict "shortVisibility" (default true $values.shortVisibility) "mode" (ternary "async" $values.mode $values.asyncInvocation)) (omit $values "shortVisibility" "mode")) "url" $url "call" $values.upstreamTimeout) }}
{{- $key := include "sqs-connector.queueKey" $url }}
{{- if has $key $seen }}
queueURL = {{ $url | quote }}: is there twice; name it once
{{- end }}
{{- $seen = append $seen $key }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- include "sqs-connector.generalProblems" . }}
{{- include "sqs-connector.clusterProblems" . }}
{{- end -}}

{{/* What is about all queues. */}}
{{- define "sqs-connector.generalProblems" -}}
{{- $values := .Values }}
{{- include "sqs-connector.durationProblems" (dict "name" "upstreamTimeout" "value" .Values.upstreamTimeout "least" 0.001 "most" 43200) }}
{{- include "sqs-connector.durationProblems" (dict "name" "rebuildInterval" "value" .Values.rebuildInterval "least" 0.1 "most" 86400) }}
{{- include "sqs-connector.durationProblems" (dict "name" "drainTimeout" "value" .Values.drainTimeout "least" 0 "most" 43200) }}
{{- include "sqs-connector.durationProblems" (dict "name" "settleWindow" "value" .Values.settleWindow "least" 0 "most" 1) }}
{{- if not (kindIs "invalid" .Values.drainTimeout) }}
{{- $waits := ternary list (list .Values.waitTime) (not (empty .Values.queues)) }}
{{- range .Values.queues }}{{ $waits = append $waits (default $values.waitTime .waitTime) }}{{ end }}
{{- $wait := include "sqs-connector.longest" $waits | int64 }}
{{- if gt $wait (include "sqs-connector.drainSeconds" . | int64) }}
drainTimeout = {{ .Values.drainTimeout | quote }}: less than waitTime, {{ $wait }}s: a poll that is open at the stop must end by itself; give at least that, or leave it out
{{- end }}
{{- end }}
{{- if not (regexMatch (printf "^https?://%s(/[^?# ]*)?$" (include "sqs-connector.host" .)) (default "" .Values.gatewayURL)) }}
gatewayURL = {{ regexReplaceAll "//[^/]*@" (default "" .Values.gatewayURL) "//[redacted]@" | quote }}: not the gateway's address; give one such as http://gateway.openfaas:8080, without credentials and without a query
{{- end }}
{{- if not (regexMatch "^[a-z0-9-]+$" (default "" .Values.awsDefaultRegion)) }}
awsDefaultRegion = {{ .Values.awsDefaultRegion | quote }}: not a region; give one such as eu-west-1
{{- end }}
{{- if and .Values.asyncInvocation .Values.mode (ne (default "async" .Values.mode) "async") }}
mode = {{ .Values.mode | quote }}: asyncInvocation: true asks for async; give one of the two
{{- end }}
{{- range $name := list "adminAddress" "callbackAddress" }}
{{- with get $values $name }}
{{- if not (regexMatch "^((25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})([.](25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$" .) }}
{{ $name }} = {{ . | quote }}: give an IP address, such as 0.0.0.0
{{- end }}
{{- end }}
{{- end }}
{{- range $name := list "otlpEndpoint" "otlpTracesEndpoint" "callbackUrl" }}
{{- with get $values $name }}
{{- if not (regexMatch (printf "^https?://%s(/[^ ]*)?$" (include "sqs-connector.host" .)) .) }}
{{ $name }} = {{ . | quote }}: not a web address, such as http://collector.observability:4318
{{- end }}
{{- end }}
{{- end }}
{{- if include "sqs-connector.isAsync" . }}
{{- if eq (int .Values.adminPort) (int .Values.callbackPort) }}
callbackPort = {{ .Values.callbackPort }}: metrics and probes are served on this port; give another
{{- end }}
{{- if and .Values.callbackUrl (or (gt (int .Values.replicas) 1) .Values.autoscaling.keda.enabled .Values.autoscaling.hpa.enabled) }}
callbackUrl = {{ .Values.callbackUrl | quote }}: leads to one address, and a callback must reach the pod that waits for it; leave it out, or run one pod
{{- end }}
{{- end }}
{{- end -}}

{{/* What is about the cluster. */}}
{{- define "sqs-connector.clusterProblems" -}}
{{- $role := or .Values.serviceAccount.roleArn (get (default (dict) .Values.serviceAccount.annotations) "eks.amazonaws.com/role-arn") }}
{{- if and $role .Values.awsCredentialsSecret }}
awsCredentialsSecret = {{ .Values.awsCredentialsSecret | quote }}: the service account has a role, and the secret would come before it; set awsCredentialsSecret: ""
{{- end }}
{{- if and .Values.serviceAccount.roleArn (not (regexMatch "^arn:aws(-[a-z-]+)?:iam::[0-9]{12}:role/.*[^/]$" .Values.serviceAccount.roleArn)) }}
serviceAccount.roleArn = {{ .Values.serviceAccount.roleArn | quote }}: not the ARN of a role; give one such as arn:aws:iam::000000000000:role/orders
{{- end }}
{{- if and .Values.serviceAccount.roleArn (not .Values.serviceAccount.create) }}
serviceAccount.roleArn = {{ .Values.serviceAccount.roleArn | quote }}: the service account is not made by this chart; annotate it yourself, or set serviceAccount.create: true
{{- end }}
{{- if and .Values.basic_auth (not .Values.basicAuthSecret) }}
basicAuthSecret = "": the gateway wants credentials; name the secret that has them, or set basic_auth: false
{{- end }}
{{- if and .Values.autoscaling.keda.enabled .Values.autoscaling.hpa.enabled }}
autoscaling.hpa.enabled = true: KEDA makes an HPA of its own; enable one of the two
{{- end }}
{{- range $kind := list "keda" "hpa" }}
{{- with get $.Values.autoscaling $kind }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}
autoscaling.{{ $kind }}.minReplicas = {{ .minReplicas }}: more than maxReplicas, {{ .maxReplicas }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.autoscaling.keda.enabled (eq (default "" .Values.autoscaling.keda.identityOwner) "workload") (not $role) .Values.serviceAccount.create }}
autoscaling.keda.identityOwner = "workload": KEDA takes the role from the service account's annotation, and it has none; set serviceAccount.roleArn, or identityOwner: keda
{{- end }}
{{- if not .Values.image }}
image = "": name the connector's image, with its tag
{{- end }}
{{- end -}}
