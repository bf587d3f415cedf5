{{/* What pods of all roles have alike. Those with a role take (dict "root" $ "role" .Values.jobmanager "name" "…"). */}}

{{/* Pod security "restricted", and a root file system that nobody writes. */}}
{{- define "weir.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ int64 .Values.podSecurityContext.runAsUser }}
runAsGroup: {{ int64 .Values.podSecurityContext.runAsGroup }}
fsGroup: {{ int64 .Values.podSecurityContext.fsGroup }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "weir.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Service links would put WEIR_REST_PORT=tcp://… into the environment, which means something else to the image. */}}
{{- define "weir.podIdentity" -}}
serviceAccountName: {{ include "weir.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "weir.podSecurityContext" . | nindent 2 }}
{{- end -}}

{{- define "weir.podMetadata" -}}
labels:
  {{- include "weir.selectorLabels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .name }}
  {{- with .role.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/config: {{ include "weir.configuration" .root | sha256sum | trunc 40 }}
  {{- with .role.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "weir.placement" -}}
{{- with .role.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .role.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .role.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .role.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range .role.topologySpreadConstraints }}
  {{- $labels := dict "app.kubernetes.io/name" "weir" "app.kubernetes.io/instance" $.root.Release.Name }}
  {{- $labels = set $labels "app.kubernetes.io/component" $.name }}
  - {{- toYaml (merge (deepCopy .) (dict "labelSelector" (dict "matchLabels" $labels))) | nindent 4 }}
  {{- end }}
{{- end }}
{{- with .role.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "weir.environment" -}}
{{- with .role.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .role.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "weir.volumeMounts" -}}
- {name: config, mountPath: /etc/weir, readOnly: true}
- {name: data, mountPath: /data}
- {name: tmp, mountPath: /tmp}
{{- if .root.Values.checkpoints.enabled }}
- {name: checkpoints, mountPath: /checkpoints}
{{- end }}
{{- if and (eq .name "jobmanager") .root.Values.metadata.enabled }}
- {name: metadata, mountPath: /metadata}
{{- end }}
{{- range .root.Values.secretFiles }}
- {name: secret-{{ .name }}, mountPath: {{ .mountPath | quote }}, readOnly: true}
{{- end }}
{{- with .role.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "weir.volumes" -}}
- name: config
  configMap:
    name: {{ include "weir.configMapName" .root }}
- name: data
  emptyDir:
    sizeLimit: {{ .role.scratchSizeLimit }}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if .root.Values.checkpoints.enabled }}
- name: checkpoints
  persistentVolumeClaim:
    claimName: {{ .root.Values.checkpoints.existingClaim | default (printf "%s-checkpoints" (include "weir.fullname" .root)) }}
{{- end }}
{{- if and (eq .name "jobmanager") .root.Values.metadata.enabled }}
- name: metadata
  persistentVolumeClaim:
    claimName: {{ .root.Values.metadata.existingClaim | default (printf "%s-metadata" (include "weir.fullname" .root)) }}
{{- end }}
{{- range .root.Values.secretFiles }}
- name: secret-{{ .name }}
  secret:
    secretName: {{ .secretName }}
    # The pod's group reads it, nobody else.
    defaultMode: 0440
{{- end }}
{{- with .role.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
