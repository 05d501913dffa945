{{/* What the storage adds to every profile, as YAML: storage, claims, env, secrets. */}}
{{- define "xfer.storage" -}}
{{- $claim := .Values.storage.claim -}}
{{- $object := .Values.storage.object -}}
{{- $set := list -}}
{{- if $claim.create -}}{{- $set = append $set "storage.claim.create" -}}{{- end -}}
{{- if $claim.existing -}}{{- $set = append $set "storage.claim.existing" -}}{{- end -}}
{{- if $object.url -}}{{- $set = append $set "storage.object.url" -}}{{- end -}}
{{- if ne (len $set) 1 -}}
{{- fail (printf "give exactly one of storage.claim.create, storage.claim.existing and storage.object.url; given: %s" (join ", " $set | default "none")) -}}
{{- end -}}
{{- if and $object.secret (not $object.url) -}}
{{- fail "storage.object.secret is for storage.object.url, which is not given" -}}
{{- end -}}
{{- if $object.url -}}
{{- toYaml (dict "storage" $object.url "claims" list "env" dict "secrets" (list $object.secret | compact)) -}}
{{- else -}}
{{- $mount := dict "claim" ($claim.existing | default (include "xfer.fullname" .)) "path" $claim.path "readOnly" false -}}
{{- $env := dict "XFER_DATA" (printf "%s/data" $claim.path) "XFER_MODELS" (printf "%s/models" $claim.path) -}}
{{- toYaml (dict "storage" (printf "%s/store" $claim.path) "claims" (list $mount) "env" $env "secrets" list) -}}
{{- end -}}
{{- end }}

{{/*
A profile as Python reads it. Takes root and entry. Sprig's own merge would not do: it takes 0 and "" for nothing, and
so could not say gpu 0 over a default of 1.
*/}}
{{- define "xfer.profile" -}}
{{- $image := .root.Values.image -}}
{{- $storage := include "xfer.storage" .root | fromYaml -}}
{{- $found := deepCopy .root.Values.profiles.default -}}
{{- range $key, $value := index .root.Values.profiles .entry -}}
{{- if kindIs "map" $value -}}
{{- $merged := get $found $key | default dict -}}
{{- range $inner, $said := $value -}}{{- $_ := set $merged $inner $said -}}{{- end -}}
{{- $_ := set $found $key $merged -}}
{{- else -}}
{{- $_ := set $found $key $value -}}
{{- end -}}
{{- end -}}
{{- $env := $storage.env -}}
{{- range $key, $value := $found.env -}}{{- $_ := set $env $key $value -}}{{- end -}}
{{- $mounts := $storage.claims -}}
{{- range $found.claims -}}
{{- $mounts = append $mounts (dict "claim" .claim "path" .path "readOnly" (.readOnly | default false)) -}}
{{- end -}}
{{- $standing := dict
  "image" ($found.image | default (printf "%s:%s" $image.repository ($image.tag | default .root.Chart.AppVersion)))
  "imagePullPolicy" $image.pullPolicy
  "imagePullSecrets" $image.pullSecrets
  "serviceAccount" (include "xfer.studyAccount" .root)
  "storage" $storage.storage
  "claims" $mounts
  "env" $env
  "envFromSecrets" (concat $storage.secrets ($found.envFromSecrets | default list) | default list)
-}}
{{- range $key, $value := $standing -}}{{- $_ := set $found $key $value -}}{{- end -}}
{{- toYaml $found -}}
{{- end }}
