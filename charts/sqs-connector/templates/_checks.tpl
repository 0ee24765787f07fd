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
{{- $key := trimSuffix "/" $queue.url }}
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
{{- if has $url $seen }}
queueURL = {{ $url | quote }}: is there twice; name it once
{{- end }}
{{- $seen = append $seen $url }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- include "sqs-connector.generalProblems" . }}
{{- include "sqs-connector.clusterProblems" . }}
{{- end -}}

{{- define "sqs-connector.urlProblems" -}}
{{- $right := "give the queue's URL, such as https://sqs.eu-west-1.amazonaws.com/000000000000/orders" }}
{{- if has .url (list "https://" "http://") }}
{{ .name }} = {{ .url | quote }}: this is the placeholder of the values file; {{ $right }}
{{- else if contains "@" .url }}
{{ .name }}: credentials do not belong into the URL; {{ $right }}
{{- else if not (regexMatch "^https?://[^/ ]+/" .url) }}
{{ .name }} = {{ .url | quote }}: not a web address with a path; {{ $right }}
{{- else if not (regexMatch "/[A-Za-z0-9_-]{1,80}([.]fifo)?/*$" .url) }}
{{ .name }} = {{ .url | quote }}: its path does not end with a queue's name; {{ $right }}
{{- end }}
{{- end -}}

{{/* A duration between two bounds in seconds; `whole` where SQS takes whole seconds alone. */}}
{{- define "sqs-connector.durationProblems" -}}
{{- if not (kindIs "invalid" .value) }}
{{- $seconds := include "sqs-connector.seconds" .value }}
{{- if not $seconds }}
{{ .name }} = {{ .value | quote }}: not a duration; give one such as 30s or 1m30s
{{- else if or (lt (float64 $seconds) (float64 .least)) (gt (float64 $seconds) (float64 .most)) }}
{{ .name }} = {{ .value | quote }}: give {{ .least }} s to {{ .most }} s
{{- else if and .whole (ne (float64 $seconds) (floor (float64 $seconds))) }}
{{ .name }} = {{ .value | quote }}: SQS takes whole seconds
{{- end }}
{{- end }}
{{- end -}}

{{/* Two bounds, the first of which does not exceed the second. */}}
{{- define "sqs-connector.boundsProblems" -}}
{{- if not (or (kindIs "invalid" .least) (kindIs "invalid" .most)) }}
{{- $least := include "sqs-connector.seconds" .least }}
{{- $most := include "sqs-connector.seconds" .most }}
{{- if and $least $most }}
{{- if gt (float64 $least) (float64 $most) }}
{{ .name }} = {{ .most | quote }}: less than {{ .other }}, {{ .least }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/*
One queue. `own` is what it says itself, `it` that with the general values behind it.
*/}}
{{- define "sqs-connector.queueProblems" -}}
{{- $prefix := .prefix }}
{{- $it := .it }}
{{- include "sqs-connector.durationProblems" (dict "name" (printf "%svisibilityTimeout" $prefix) "value" $it.visibilityTimeout "least" 1 "most" 43200 "whole" true) }}
{{- include "sqs-connector.durationProblems" (dict "name" (printf "%swaitTime" $prefix) "value" $it.waitTime "least" 0 "most" 20 "whole" true) }}
{{- include "sqs-connector.durationProblems" (dict "name" (printf "%sbatchWindow" $prefix) "value" $it.batchWindow "least" 0 "most" 300) }}
{{- include "sqs-connector.durationProblems" (dict "name" (printf "%scallbackTimeout" $prefix) "value" $it.callbackTimeout "least" 1 "most" 39600) }}
{{- include "sqs-connector.durationProblems" (dict "name" (printf "%sprobeMin" $prefix) "value" $it.probeMin "least" 0.001 "most" 43200) }}
{{- include "sqs-connector.durationProblems" (dict "name" (printf "%sprobeMax" $prefix) "value" $it.probeMax "least" 0.001 "most" 43200) }}
{{- $backoff := default (dict) $it.backoff }}
{{- include "sqs-connector.durationProblems" (dict "name" (printf "%sbackoff.min" $prefix) "value" $backoff.min "least" 0.001 "most" 43200) }}
{{- include "sqs-connector.durationProblems" (dict "name" (printf "%sbackoff.max" $prefix) "value" $backoff.max "least" 0.001 "most" 43200) }}
{{- include "sqs-connector.boundsProblems" (dict "name" (printf "%sprobeMax" $prefix) "other" "probeMin" "least" $it.probeMin "most" $it.probeMax) }}
{{- include "sqs-connector.boundsProblems" (dict "name" (printf "%sbackoff.max" $prefix) "other" "backoff.min" "least" $backoff.min "most" $backoff.max) }}
{{- if and (not $it.shortVisibility) (include "sqs-connector.isShort" (dict "visibility" $it.visibilityTimeout "call" .call)) }}
{{ $prefix }}visibilityTimeout = {{ $it.visibilityTimeout | quote }}: shorter than upstreamTimeout, {{ .call }}, which a call to a function may take; give at least that, or shortVisibility: true to rely on its being extended in time
{{- end }}
{{- if gt (int64 (default 1 $it.concurrencyMin)) (int64 (default 32 $it.concurrency)) }}
{{ $prefix }}concurrencyMin = {{ $it.concurrencyMin }}: more than concurrency, {{ default 32 $it.concurrency }}
{{- end }}
{{- with $it.maxBytesInFlight }}
{{- $text := kindIs "string" . | ternary . (printf "%.0f" (float64 .)) }}
{{- $number := float64 (default "0" (regexFind "^[0-9]+" $text)) }}
{{- $unit := get (dict "" 1.0 "Ki" 1024.0 "KiB" 1024.0 "Mi" 1048576.0 "MiB" 1048576.0 "Gi" 1073741824.0 "GiB" 1073741824.0) (regexReplaceAll "^[0-9]+ *" $text "") }}
{{- if not $unit }}
{{ $prefix }}maxBytesInFlight = {{ $text | quote }}: give a number of bytes, such as 67108864 or 64MiB
{{- else if lt (mulf $number $unit) 1048576.0 }}
{{ $prefix }}maxBytesInFlight = {{ $text | quote }}: at least 1MiB, the largest message that SQS takes
{{- end }}
{{- end }}
{{- if and .own.contentType (not (regexMatch "^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( *;.*)?$" .own.contentType)) }}
{{ $prefix }}contentType = {{ .own.contentType | quote }}: not a content type; give one such as application/json
{{- end }}
{{- if and .own.roleArn (not (regexMatch "^arn:aws(-[a-z-]+)?:iam::[0-9]{12}:role/[A-Za-z0-9=,.@+_/-]*[A-Za-z0-9=,.@+_-]$" .own.roleArn)) }}
{{ $prefix }}roleArn = {{ .own.roleArn | quote }}: not the ARN of a role; give one such as arn:aws:iam::000000000000:role/orders
{{- end }}
{{- range $name := list "externalId" "roleSessionName" "stsEndpointUrl" }}
{{- if and (get $.own $name) (not $it.roleArn) }}
{{ $prefix }}{{ $name }} = {{ get $.own $name | quote }}: there is no roleArn that it could be about
{{- end }}
{{- end }}
{{- range $name := list "endpointUrl" "stsEndpointUrl" }}
{{- with get $.own $name }}
{{- if not (regexMatch "^https?://[^/@ ]+" .) }}
{{ $prefix }}{{ $name }} = {{ . | quote }}: not a web address; give the endpoint's, such as http://localhost:9324
{{- end }}
{{- end }}
{{- end }}
{{- include "sqs-connector.modeProblems" . }}
{{- include "sqs-connector.filterProblems" . }}
{{- end -}}

{{/* What belongs to one mode, and is said in another. */}}
{{- define "sqs-connector.modeProblems" -}}
{{- $prefix := .prefix }}
{{- $it := .it }}
{{- $mode := default "single" $it.mode }}
{{- if $prefix }}
{{- $useless := dict "single" (list "batchSize" "batchWindow" "batchBytes" "callbackTimeout") "batch" (list "callbackTimeout") "async" (list "batchSize" "batchWindow" "batchBytes") }}
{{- range get $useless $mode }}
{{- if hasKey $.own . }}
{{ $prefix }}{{ . }} = {{ get $.own . | toString | quote }}: has no effect in mode {{ $mode }}; set the mode, or leave it out
{{- end }}
{{- end }}
{{- end }}
{{- if and (eq $mode "batch") $it.batchSize }}
{{- if gt (int64 $it.batchSize) (int64 (default 32 $it.concurrency)) }}
{{ $prefix }}batchSize = {{ $it.batchSize }}: a batch can't have more messages than are held at once, {{ default 32 $it.concurrency }}; give less, or a larger concurrency
{{- end }}
{{- end }}
{{- if and (eq $mode "async") $it.callbackTimeout }}
{{- if include "sqs-connector.isShort" (dict "visibility" $it.callbackTimeout "call" .call) }}
{{ $prefix }}callbackTimeout = {{ $it.callbackTimeout | quote }}: shorter than upstreamTimeout, {{ .call }}, which a call to a function may take; give at least that
{{- end }}
{{- end }}
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
{{- if not (regexMatch "^https?://[^/@?# ]+(/[^?# ]*)?$" (default "" .Values.gatewayURL)) }}
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
{{- if not (regexMatch "^([0-9]{1,3}([.][0-9]{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$" .) }}
{{ $name }} = {{ . | quote }}: give an IP address, such as 0.0.0.0
{{- end }}
{{- end }}
{{- end }}
{{- range $name := list "otlpEndpoint" "otlpTracesEndpoint" "callbackUrl" }}
{{- with get $values $name }}
{{- if not (regexMatch "^https?://[^/@ ]+" .) }}
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
