{{/* The connector's configuration file. A value's name in snake case is the setting's key. */}}

{{/* The values that are settings, with those whose key is not their own name in snake case. */}}
{{- define "sqs-connector.settings" -}}
visibilityTimeout: visibility_timeout
shortVisibility: short_visibility
waitTime: wait_time
maxMessages: max_messages
concurrency: concurrency
concurrencyMin: concurrency_min
maxBytesInFlight: max_bytes_in_flight
upstreamTimeout: upstream_timeout
rebuildInterval: rebuild_interval
mode: mode
batchSize: batch_size
batchWindow: batch_window
batchBytes: batch_bytes
contentType: content_type
attributeHeaderBytes: attribute_header_bytes
printRequestBody: print_request_body
printResponse: print_response
printMilestones: print_milestones
printResponseBody: print_response_body
gatewayURL: gateway_url
basic_auth: basic_auth
secretMountPath: secret_mount_path
endpointUrl: endpoint_url
roleArn: role_arn
externalId: external_id
roleSessionName: role_session_name
stsEndpointUrl: sts_endpoint_url
pricePerMillionRequests: price_per_million_requests
backoff: backoff
probeMin: probe_min
probeMax: probe_max
onRejection: on_rejection
filter: filter
onFiltered: on_filtered
adminAddress: admin_address
adminPort: admin_port
settleWindow: settle_window
otlpEndpoint: otlp_endpoint
otlpTracesEndpoint: otlp_traces_endpoint
{{- end -}}

{{/* The settings that only callbacks have: said where there are any, so that no line calls them useless. */}}
{{- define "sqs-connector.callbackSettings" -}}
callbackTimeout: callback_timeout
callbackAddress: callback_address
callbackPort: callback_port
callbackUrl: callback_url
{{- end -}}

{{/* Whether a queue is in mode async. */}}
{{- define "sqs-connector.isAsync" -}}
{{- $general := ternary "async" (default "single" .Values.mode) .Values.asyncInvocation -}}
{{- $found := and (not .Values.queues) (eq $general "async") -}}
{{- range .Values.queues -}}
{{- if eq (default $general .mode) "async" -}}{{- $found = true -}}{{- end -}}
{{- end -}}
{{- if $found -}}true{{- end -}}
{{- end -}}

{{/* Whether queueURL names the queues. */}}
{{- define "sqs-connector.byURL" -}}
{{- if not .Values.queues -}}true{{- end -}}
{{- end -}}

{{/* Numbers come out of a values file as floats, and large ones would be written with an exponent. */}}
{{- define "sqs-connector.set" -}}
{{- $value := .value -}}
{{- if kindIs "float64" $value -}}
{{- if eq $value (floor $value) -}}{{- $value = int64 $value -}}{{- end -}}
{{- end -}}
{{- if not (or (kindIs "invalid" $value) (and (kindIs "string" $value) (eq $value ""))) -}}
{{- $_ := set .in .key $value -}}
{{- end -}}
{{- end -}}

{{- define "sqs-connector.config" -}}
{{- $values := .Values -}}
{{- $config := dict -}}
{{- $settings := include "sqs-connector.settings" . | fromYaml -}}
{{- if include "sqs-connector.isAsync" . -}}
{{- $settings = merge $settings (include "sqs-connector.callbackSettings" . | fromYaml) -}}
{{- end -}}
{{- range $name, $key := $settings -}}
{{- include "sqs-connector.set" (dict "in" $config "key" $key "value" (get $values $name)) -}}
{{- end -}}
{{- if .Values.asyncInvocation -}}
{{- $_ := set $config "asynchronous_invocation" true -}}
{{- end -}}
{{- if .Values.logs.debug -}}
{{- $_ := set $config "debug" true -}}
{{- end -}}
{{- if .Values.otelSdkDisabled -}}
{{- $_ := set $config "otel_sdk_disabled" true -}}
{{- end -}}
{{- $_ := set $config "drain_timeout" (printf "%ss" (include "sqs-connector.drainSeconds" .)) -}}
{{- if include "sqs-connector.byURL" . -}}
{{- $_ := set $config "queue_url" .Values.queueURL -}}
{{- if and (kindIs "invalid" .Values.shortVisibility) (include "sqs-connector.isShort" (dict "visibility" .Values.visibilityTimeout "call" .Values.upstreamTimeout)) -}}
{{- $_ := set $config "short_visibility" true -}}
{{- end -}}
{{- else -}}
{{- /* Left at what the other connector has by default, these two are ours. */ -}}
{{- if eq (toString .Values.visibilityTimeout) "30s" -}}{{- $_ := unset $config "visibility_timeout" -}}{{- end -}}
{{- if eq (int .Values.maxMessages) 1 -}}{{- $_ := unset $config "max_messages" -}}{{- end -}}
{{- $queues := list -}}
{{- range .Values.queues -}}
{{- $entry := dict -}}
{{- range $name, $value := . -}}
{{- include "sqs-connector.set" (dict "in" $entry "key" (snakecase $name) "value" $value) -}}
{{- end -}}
{{- $queues = append $queues $entry -}}
{{- end -}}
{{- $_ := set $config "queues" $queues -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Whether a visibility is shorter than a call may take. */}}
{{- define "sqs-connector.isShort" -}}
{{- $visibility := include "sqs-connector.seconds" .visibility -}}
{{- $call := include "sqs-connector.seconds" .call -}}
{{- if and $visibility $call -}}
{{- if lt (float64 $visibility) (float64 $call) -}}true{{- end -}}
{{- end -}}
{{- end -}}
