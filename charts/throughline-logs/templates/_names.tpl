{{- define "throughline-logs.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "throughline-logs.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "throughline-logs.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "throughline-logs.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "throughline-logs.labels" -}}
{{ include "throughline-logs.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end -}}

{{- define "throughline-logs.traceExporters" -}}
{{- $exporters := list -}}
{{- if .Values.traces.xray.enabled }}{{ $exporters = append $exporters "awsxray" }}{{ end -}}
{{- if .Values.traces.otlp.endpoint }}{{ $exporters = append $exporters "otlphttp" }}{{ end -}}
{{- join ", " $exporters -}}
{{- end -}}

{{- /* The rules that go across values, each with what to do. */ -}}
{{- define "throughline-logs.check" -}}
{{- if not .Values.elasticsearch.url -}}
{{- fail "elasticsearch.url is empty: set it to where the lines go, such as --set elasticsearch.url=https://elasticsearch.logging:9200" -}}
{{- end -}}
{{- if and .Values.traces.enabled (not (include "throughline-logs.traceExporters" .)) -}}
{{- fail "traces.enabled is true and nothing takes the traces: set traces.xray.enabled=true or traces.otlp.endpoint" -}}
{{- end -}}
{{- if and .Values.traces.enabled (eq .Values.shipper "filebeat") -}}
{{- fail "traces.enabled is true and shipper is filebeat, which takes no traces: set shipper=collector, or run a collector for them beside it" -}}
{{- end -}}
{{- end -}}

{{- /* The credentials for Elasticsearch, as environment variables. */ -}}
{{- define "throughline-logs.credentials" -}}
{{- with .Values.elasticsearch.credentialsSecret }}
{{- if eq $.Values.elasticsearch.credentials "apiKey" }}
- name: ELASTICSEARCH_API_KEY
  valueFrom: {secretKeyRef: {name: {{ . }}, key: api_key}}
{{- else }}
- name: ELASTICSEARCH_USERNAME
  valueFrom: {secretKeyRef: {name: {{ . }}, key: username}}
- name: ELASTICSEARCH_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ . }}, key: password}}
{{- end }}
{{- end }}
{{- end -}}
