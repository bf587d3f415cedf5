{{/* config.yaml: the chart's own settings, then .Values.configuration, which may not name those. */}}

{{- define "weir.ownSettings" -}}
jobmanager.rpc.address: {{ include "weir.fullname" . }}-jobmanager
jobmanager.rpc.port: "6123"
jobmanager.bind-host: 0.0.0.0
rest.address: {{ include "weir.fullname" . }}-rest
rest.port: "8081"
rest.bind-address: 0.0.0.0
taskmanager.bind-host: 0.0.0.0
taskmanager.data.port: "6121"
process.working-dir: /data
log.level: {{ .Values.log.level }}
{{- if ne .Values.log.format "text" }}
log.format: {{ .Values.log.format }}
{{- end }}
security.allow-unauthenticated-remote: "true"
high-availability.cluster-id: {{ .Release.Namespace }}-{{ include "weir.fullname" . }}
{{- if .Values.metadata.enabled }}
high-availability.type: file
high-availability.storageDir: file:///metadata
{{- end }}
{{- if .Values.checkpoints.enabled }}
execution.checkpointing.dir: file:///checkpoints
{{- end }}
{{- with .Values.taskmanager.slots }}
taskmanager.numberOfTaskSlots: {{ int64 . | quote }}
{{- end }}
{{- end -}}

{{/* A number of a values file is a float for Helm: 10000000 must not become 1e+07. */}}
{{- define "weir.settingText" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{- define "weir.configuration" -}}
{{- $own := include "weir.ownSettings" . | fromYaml -}}
{{- range $key, $value := .Values.configuration -}}
{{- if hasKey $own $key -}}
{{- fail (printf "configuration: '%s' is set by the chart; values.yaml has a value for what may be changed" $key) -}}
{{- end -}}
{{- end -}}
# The chart's own settings
{{- range $key, $value := $own }}
{{ $key }}: {{ $value | toString | toJson }}
{{- end }}
# From values
{{- range $key, $value := .Values.configuration }}
{{ $key }}: {{ include "weir.settingText" $value | toJson }}
{{- end }}
{{- end -}}
