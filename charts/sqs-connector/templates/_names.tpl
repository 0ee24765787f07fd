{{/* Names, labels and the image. */}}

{{- define "sqs-connector.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sqs-connector.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "sqs-connector.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sqs-connector.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sqs-connector.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: connector
{{- end -}}

{{- define "sqs-connector.labels" -}}
{{ include "sqs-connector.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: openfaas
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What every object has. Takes the root. */}}
{{- define "sqs-connector.metadata" -}}
name: {{ include "sqs-connector.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "sqs-connector.labels" . | nindent 2 }}
{{- end -}}

{{- define "sqs-connector.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "sqs-connector.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Whether the image is that of the connector that OpenFaaS sells, as a copied values file has it. */}}
{{- define "sqs-connector.isPaidImage" -}}
{{- if regexMatch "(^|/)openfaasltd/sqs-connector([:@].*)?$" .Values.image -}}true{{- end -}}
{{- end -}}

{{- define "sqs-connector.image" -}}
{{- if include "sqs-connector.isPaidImage" . -}}
{{- printf "sqs-connector:%s" .Chart.AppVersion -}}
{{- else -}}
{{- .Values.image -}}
{{- end -}}
{{- end -}}
