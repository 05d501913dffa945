{{- define "xfer.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* What names of objects begin with; the release's name alone where it holds the chart's. */}}
{{- define "xfer.fullname" -}}
{{- $name := include "xfer.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "xfer.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "xfer.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: xfer
{{- end }}

{{- define "xfer.studyAccount" -}}
{{- include "xfer.fullname" . }}-study
{{- end }}

{{- define "xfer.userAccount" -}}
{{- include "xfer.fullname" . }}-user
{{- end }}

{{/* Name of the ConfigMap of a profile. Takes root and entry. */}}
{{- define "xfer.profileName" -}}
{{- $fullname := include "xfer.fullname" .root -}}
{{- if eq .entry "default" -}}{{- $fullname -}}{{- else -}}{{- printf "%s-%s" $fullname .entry -}}{{- end -}}
{{- end }}
