{{/* The queues in one form, whichever way they were given. A YAML map with the list under `queues`. */}}
{{- define "sqs-connector.queues" -}}
{{- $queues := list -}}
{{- if .Values.queues -}}
{{- $queues = .Values.queues -}}
{{- else -}}
{{- range splitList "," .Values.queueURL -}}
{{- with trim . -}}{{- $queues = append $queues (dict "url" .) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $all := list -}}
{{- range $queues -}}
{{- $region := default $.Values.awsDefaultRegion (default (include "sqs-connector.regionOfUrl" .url) .region) -}}
{{- $all = append $all (dict
      "url" .url
      "region" $region
      "concurrency" (int64 (default $.Values.concurrency .concurrency))
      "endpointUrl" (default "" (default $.Values.endpointUrl .endpointUrl))
      "roleArn" (default "" (default $.Values.roleArn .roleArn))) -}}
{{- end -}}
{{- dict "queues" $all | toYaml -}}
{{- end -}}

{{/* What tells two queues apart: names of hosts have no case, and AWS answers on both schemes. */}}
{{- define "sqs-connector.queueKey" -}}
{{- $found := regexFind "^https?://[^/]+" . -}}
{{- $server := regexReplaceAll "^https?://|:(443|80)$" (lower $found) "" -}}
{{- printf "%s%s" $server (trimPrefix $found . | trimSuffix "/") -}}
{{- end -}}

{{/* The region that an address of AWS names; nothing where it is another. */}}
{{- define "sqs-connector.regionOfUrl" -}}
{{- $host := regexReplaceAll "^https?://([^/:]*).*$" (lower .) "${1}" -}}
{{- if eq $host "queue.amazonaws.com" -}}
us-east-1
{{- else if regexMatch "[.](amazonaws[.]com([.]cn)?|api[.]aws)$" $host -}}
{{- regexReplaceAll "^(?:vpce-[^.]+[.]sqs[.]|sqs[.]|sqs-fips[.])?([a-z0-9-]+)[.].*$" $host "${1}" -}}
{{- end -}}
{{- end -}}

{{/* The port that a URL leads to. */}}
{{- define "sqs-connector.port" -}}
{{- $url := urlParse . -}}
{{- default (ternary "443" "80" (eq $url.scheme "https")) (regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host)) -}}
{{- end -}}

{{/* The namespace of a gateway inside the cluster; nothing where it is outside. */}}
{{- define "sqs-connector.gatewayNamespace" -}}
{{- $labels := splitList "." (urlParse .Values.gatewayURL).hostname -}}
{{- if .Values.networkPolicy.gatewayNamespace -}}
{{- .Values.networkPolicy.gatewayNamespace -}}
{{- else if regexMatch "^[0-9.]+$" (join "." $labels) -}}
{{- else if eq (len $labels) 1 -}}
{{- .Release.Namespace -}}
{{- else if or (eq (len $labels) 2) (eq (index $labels 2) "svc") -}}
{{- index $labels 1 -}}
{{- end -}}
{{- end -}}
