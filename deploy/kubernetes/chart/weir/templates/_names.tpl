{{/* What objects are called, how they are labelled, and what a value may not say. */}}

{{- define "weir.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 36 | trimSuffix "-" -}}
{{- end -}}

{{- define "weir.selectorLabels" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "weir.labels" -}}
{{ include "weir.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "weir.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "weir.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "weir.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{- define "weir.configMapName" -}}
{{ .Values.existingConfigMap | default (printf "%s-config" (include "weir.fullname" .)) }}
{{- end -}}

{{/* What is said with two values that do not go together; the schema sees one value at a time. */}}
{{- define "weir.check" -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled needs ingress.host: the name under which clients reach the REST API" -}}
{{- end -}}
{{- if and .Values.checkpoints.enabled (has "ReadWriteOncePod" .Values.checkpoints.accessModes) -}}
{{- fail "checkpoints.accessModes: ReadWriteOncePod lets one pod in; all servers share this volume" -}}
{{- end -}}
{{- if and .Values.existingConfigMap .Values.taskmanager.slots -}}
{{- fail "taskmanager.slots has no effect with existingConfigMap: set taskmanager.numberOfTaskSlots there" -}}
{{- end -}}
{{- end -}}
