{{/*
A duration in seconds, as text; nothing where it is none. Takes Go's form (1m30s) or a whole number of
seconds, as the connector does.
*/}}
{{- define "sqs-connector.seconds" -}}
{{- $text := toString . -}}
{{- if regexMatch "^[0-9]+$" $text -}}
{{- $text -}}
{{- else if regexMatch "^([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$" $text -}}
{{- $units := dict "ns" 0.000000001 "us" 0.000001 "µs" 0.000001 "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 -}}
{{- $total := 0.0 -}}
{{- range regexFindAll "[0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h)" $text -1 -}}
{{- $number := regexFind "^[0-9.]+" . -}}
{{- $total = addf $total (mulf (float64 $number) (get $units (trimPrefix $number .))) -}}
{{- end -}}
{{- $total -}}
{{- end -}}
{{- end -}}

{{/* The longest of some durations, in whole seconds. What is no duration is told by the checks. */}}
{{- define "sqs-connector.longest" -}}
{{- $longest := 0.0 -}}
{{- range . -}}
{{- $longest = maxf $longest (float64 (default "0" (include "sqs-connector.seconds" .))) -}}
{{- end -}}
{{- ceil $longest | int64 -}}
{{- end -}}

{{/* The drain budget in whole seconds: what was given, or the longest call, poll, and 30 s. */}}
{{- define "sqs-connector.drainSeconds" -}}
{{- if not (kindIs "invalid" .Values.drainTimeout) -}}
{{- include "sqs-connector.longest" (list .Values.drainTimeout) -}}
{{- else -}}
{{- $durations := list "30s" .Values.upstreamTimeout .Values.waitTime -}}
{{- range .Values.queues -}}
{{- with .waitTime -}}{{- $durations = append $durations . -}}{{- end -}}
{{- end -}}
{{- include "sqs-connector.longest" $durations -}}
{{- end -}}
{{- end -}}

{{/* From SIGTERM to the end: the drain budget, and the 6 s in which the connector settles. */}}
{{- define "sqs-connector.graceSeconds" -}}
{{- add (include "sqs-connector.drainSeconds" . | int64) 6 -}}
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
