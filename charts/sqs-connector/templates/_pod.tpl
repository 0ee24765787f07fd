{{/* What the connector's pod and that of the test have in common. */}}

{{- define "sqs-connector.args" -}}
- --config=/etc/sqs-connector/config.yaml
{{- end -}}

{{- define "sqs-connector.env" -}}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: AWS_DEFAULT_REGION
  value: {{ .Values.awsDefaultRegion | quote }}
{{- if .Values.awsCredentialsSecret }}
- name: AWS_SHARED_CREDENTIALS_FILE
  value: {{ printf "%s/aws-credentials/%s" (trimSuffix "/" .Values.secretMountPath) .Values.awsCredentialsSecret | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "sqs-connector.volumeMounts" -}}
- name: config
  mountPath: /etc/sqs-connector
  readOnly: true
{{- if or .Values.basic_auth .Values.awsCredentialsSecret }}
- name: secrets
  mountPath: {{ .Values.secretMountPath }}
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "sqs-connector.volumes" -}}
- name: config
  configMap:
    name: {{ include "sqs-connector.fullname" . }}
    defaultMode: 0444
{{- if or .Values.basic_auth .Values.awsCredentialsSecret }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- if .Values.basic_auth }}
      - secret:
          name: {{ .Values.basicAuthSecret }}
          items:
            - key: basic-auth-user
              path: basic-auth-user
            - key: basic-auth-password
              path: basic-auth-password
      {{- end }}
      {{- with .Values.awsCredentialsSecret }}
      - secret:
          name: {{ . }}
          items:
            - key: {{ . }}
              path: aws-credentials/{{ . }}
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where a pod may run, and as whom. */}}
{{- define "sqs-connector.placement" -}}
serviceAccountName: {{ include "sqs-connector.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* How the connector runs in a container. */}}
{{- define "sqs-connector.container" -}}
image: {{ include "sqs-connector.image" . | quote }}
imagePullPolicy: {{ .Values.imagePullPolicy }}
env:
  {{- include "sqs-connector.env" . | nindent 2 }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  {{- include "sqs-connector.volumeMounts" . | nindent 2 }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end -}}
