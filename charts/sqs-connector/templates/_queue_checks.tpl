{{/* What is wrong with a queue, a line for each problem. */}}

{{/* A host and a port, as a regular expression. */}}
{{- define "sqs-connector.host" -}}
([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?
{{- end -}}

{{- define "sqs-connector.urlProblems" -}}
{{- $right := "give the queue's URL, such as https://sqs.eu-west-1.amazonaws.com/000000000000/orders" }}
{{- if has .url (list "https://" "http://") }}
{{ .name }} = {{ .url | quote }}: this is the placeholder of the values file; {{ $right }}
{{- else if contains "@" .url }}
{{ .name }}: credentials do not belong into the URL; {{ $right }}
{{- else if not (regexMatch (printf "^https?://%s/" (include "sqs-connector.host" .)) .url) }}
{{ .name }} = {{ .url | quote }}: not a web address with a path; {{ $right }}
{{- else if not (regexMatch "/[A-Za-z0-9_-]{1,80}([.]fifo)?/*$" .url) }}
{{ .name }} = {{ .url | quote }}: its path does not end with a queue's name; {{ $right }}
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
{{- $number := float64 (default "0" (regexFind "^[0-9]{1,15}" $text)) }}
{{- $unit := get (dict "" 1.0 "Ki" 1024.0 "KiB" 1024.0 "Mi" 1048576.0 "MiB" 1048576.0 "Gi" 1073741824.0 "GiB" 1073741824.0) (regexReplaceAll "^[0-9]{1,15} *" $text "") }}
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
{{- if and .own.roleSessionName (not (regexMatch "^[A-Za-z0-9=,.@+_-]{2,64}$" .own.roleSessionName)) }}
{{ $prefix }}roleSessionName = {{ .own.roleSessionName | quote }}: STS takes 2 to 64 letters, digits and =,.@-+_
{{- end }}
{{- if and .own.externalId (not (regexMatch "^[A-Za-z0-9=,.@:/+_-]+$" .own.externalId)) }}
{{ $prefix }}externalId = {{ .own.externalId | quote }}: STS takes letters, digits and =,.@:/-+_
{{- end }}
{{- range $name := list "externalId" "roleSessionName" "stsEndpointUrl" }}
{{- if and (get $.own $name) (not $it.roleArn) }}
{{ $prefix }}{{ $name }} = {{ get $.own $name | quote }}: there is no roleArn that it could be about
{{- end }}
{{- end }}
{{- range $name := list "endpointUrl" "stsEndpointUrl" }}
{{- with get $.own $name }}
{{- if not (regexMatch (printf "^https?://%s(/[^ ]*)?$" (include "sqs-connector.host" .)) .) }}
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
