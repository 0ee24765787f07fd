{{/*
Whether a queue's filter has the form of a pattern, as far as can be said here; the connector's README
has the syntax. What only the connector can say, such as a range that nothing fits, it says at its start.
*/}}
{{- define "sqs-connector.filterProblems" -}}
{{- $prefix := .prefix }}
{{- $it := .it }}
{{- $filter := $it.filter }}
{{- if empty $filter }}
{{- if .own.onFiltered }}
{{ $prefix }}onFiltered = {{ .own.onFiltered | quote }}: there is no filter that it could be about; give one, or leave it out
{{- end }}
{{- else }}
{{- if not $it.onFiltered }}
{{ $prefix }}onFiltered: say what becomes of a message that the filter does not let through: delete, release or dead-letter
{{- else if and (eq $it.onFiltered "release") (regexMatch "[.]fifo/*$" .url) }}
{{ $prefix }}onFiltered = "release": in a FIFO queue the rest of a group would wait behind a message that is given back again and again; give delete or dead-letter
{{- end }}
{{- if kindIs "string" $filter }}
{{- $filter = (printf "{\"it\":%s}" $filter | fromJson) }}
{{- if hasKey $filter "Error" }}
{{ $prefix }}filter = {{ $it.filter | quote }}: is not JSON
{{- end }}
{{- $filter = $filter.it }}
{{- end }}
{{- if and (kindIs "map" $filter) (hasKey (default (dict) $filter) "Filters") }}
{{- $patterns := list }}
{{- if not (kindIs "slice" $filter.Filters) }}
{{ $prefix }}filter.Filters = {{ $filter.Filters | toString | quote }}: this is a list of entries with Pattern
{{- end }}
{{- range (ternary $filter.Filters list (kindIs "slice" $filter.Filters)) }}
{{- if not (kindIs "map" .) }}
{{ $prefix }}filter.Filters = {{ . | toString | quote }}: an entry has Pattern
{{- else }}
{{- $pattern := .Pattern }}
{{- if kindIs "string" $pattern }}{{ $pattern = fromJson $pattern }}{{ end }}
{{- if and (kindIs "map" $pattern) (hasKey $pattern "Error") }}
{{ $prefix }}filter.Filters = {{ .Pattern | quote }}: is not JSON
{{- else }}
{{- $patterns = append $patterns $pattern }}
{{- end }}
{{- end }}
{{- end }}
{{- $filter = $patterns }}
{{- end }}
{{- $patterns := ternary $filter (list $filter) (kindIs "slice" $filter) }}
{{- range $patterns }}
{{- if kindIs "map" . }}
{{- range $key, $below := . }}
{{- if not (has $key (list "body" "messageAttributes" "attributes" "messageId" "$or")) }}
{{ $prefix }}filter.{{ $key }}: a pattern looks at body, messageAttributes, attributes or messageId
{{- else }}
{{- include "sqs-connector.patternProblems" (dict "path" (printf "%sfilter.%s" $prefix $key) "at" $below "key" $key) }}
{{- end }}
{{- end }}
{{- else if not (kindIs "invalid" .) }}
{{ $prefix }}filter = {{ . | toString | quote }}: a pattern is a map, such as {body: {kind: [order]}}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A field is a map of fields or a list of rules; $or is a list of patterns. */}}
{{- define "sqs-connector.patternProblems" -}}
{{- $path := .path }}
{{- if kindIs "map" .at }}
{{- range $key, $below := .at }}
{{- include "sqs-connector.patternProblems" (dict "path" (printf "%s.%s" $path $key) "at" $below "key" $key) }}
{{- end }}
{{- else if and (kindIs "slice" .at) (eq .key "$or") }}
{{- range $n, $below := .at }}
{{- include "sqs-connector.patternProblems" (dict "path" (printf "%s[%d]" $path $n) "at" $below "key" "") }}
{{- end }}
{{- else if and (kindIs "slice" .at) (empty .at) }}
{{ $path }} = []: an empty list matches nothing
{{- else if kindIs "slice" .at }}
{{- range .at }}
{{- if kindIs "map" . }}
{{- range $rule, $wanted := . }}
{{- if and (eq $rule "numeric") (not (regexMatch `^\[("(=|<=?|>=?)",-?[0-9.eE+-]+)(,"(<=?|>=?)",-?[0-9.eE+-]+)?\]$` (mustToRawJson $wanted))) }}
{{ $path }}.numeric = {{ mustToRawJson $wanted }}: give signs and numbers in turn, such as [">", 0, "<=", 5]
{{- end }}
{{- if not (has $rule (list "prefix" "suffix" "equals-ignore-case" "wildcard" "numeric" "anything-but" "exists")) }}
{{ $path }}: {{ $rule | quote }} is no rule; there are prefix, suffix, equals-ignore-case, wildcard, numeric, anything-but and exists
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- else }}
{{ $path }} = {{ .at | toString | quote }}: the values that match stand in a list, such as [{{ .at }}]
{{- end }}
{{- end -}}
