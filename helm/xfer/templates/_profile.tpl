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
Lays what is said over a map, in place: maps key by key, anything else as a whole. Takes onto and said. Sprig's own
merge would not do: it takes 0 and "" for nothing, and so could not say gpu 0 over a default of 1.
*/}}
{{- define "xfer.overlay" -}}
{{- $onto := .onto -}}
{{- range $key, $value := .said -}}
{{- if and (kindIs "map" $value) (kindIs "map" (get $onto $key)) -}}
{{- include "xfer.overlay" (dict "onto" (get $onto $key) "said" $value) -}}
{{- else -}}
{{- $_ := set $onto $key $value -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Puts a pool's labels and taints in the place of its name, in a profile or its head. Takes root, entry and said. */}}
{{- define "xfer.pool" -}}
{{- $pools := .root.Values.pools -}}
{{- $said := .said -}}
{{- with $said.pool -}}
{{- if not (hasKey $pools .) -}}
{{- fail (printf "the profile '%s' names the pool '%s', which there is not; pools: %s" $.entry . (keys $pools | sortAlpha | join ", " | default "none")) -}}
{{- end -}}
{{- $pool := get $pools . | deepCopy -}}
{{- $nodes := $pool.nodeSelector | default dict -}}
{{- include "xfer.overlay" (dict "onto" $nodes "said" ($said.nodeSelector | default dict)) -}}
{{- $_ := set $said "nodeSelector" $nodes -}}
{{- $_ := set $said "tolerations" (concat ($pool.tolerations | default list) ($said.tolerations | default list) | uniq) -}}
{{- end -}}
{{- $_ := unset $said "pool" -}}
{{- end }}

{{/* The local queue that studies of every profile get which names none; empty where the chart makes none. */}}
{{- define "xfer.queue" -}}
{{- if .Values.kueue.clusterQueue -}}{{- .Values.kueue.localQueue | default (include "xfer.fullname" .) -}}{{- end -}}
{{- end }}

{{/* A profile as Python reads it. Takes root and entry. */}}
{{- define "xfer.profile" -}}
{{- $image := .root.Values.image -}}
{{- $storage := include "xfer.storage" .root | fromYaml -}}
{{- $found := deepCopy .root.Values.profiles.default -}}
{{- include "xfer.overlay" (dict "onto" $found "said" (index .root.Values.profiles .entry | deepCopy)) -}}
{{- range $said := list $found $found.head -}}
{{- include "xfer.pool" (dict "root" $.root "entry" $.entry "said" $said) -}}
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
  "queue" ($found.queue | default (include "xfer.queue" .root))
  "networkPolicy" (.root.Values.networkPolicy.create | default false)
-}}
{{- range $key, $value := $standing -}}{{- $_ := set $found $key $value -}}{{- end -}}
{{- toYaml $found -}}
{{- end }}
