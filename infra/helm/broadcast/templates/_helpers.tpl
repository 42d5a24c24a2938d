{{- define "broadcast.check" -}}
{{- $roles := printf ",%s," .Values.servers.roles }}
{{- range $role := list "origin" "ingest" "control" }}
{{- if not (or (eq $.Values.servers.roles "all") (contains (printf ",%s," $role) $roles) (get $.Values $role).enabled) }}
{{- fail (printf "No workload has the role %s: enable it, or add it to servers.roles" $role) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "broadcast.labels" -}}
app.kubernetes.io/name: broadcast
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "broadcast.roleLabels" -}}
{{- $roles := printf ",%s," .roles }}
{{- if or (eq .roles "all") (contains ",ingest," $roles) }}
broadcast/encoders: "true"
{{- end }}
{{- if or (eq .roles "all") (contains ",origin," $roles) }}
broadcast/viewers: "true"
{{- end }}
{{- if or (eq .roles "all") (contains ",control," $roles) }}
broadcast/control: "true"
{{- end }}
{{- end }}

{{- define "broadcast.pod" -}}
{{- $roles := printf ",%s," .roles }}
metadata:
  labels:
    {{- include "broadcast.labels" . | nindent 4 }}
    {{- include "broadcast.roleLabels" . | trim | nindent 4 }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .workload.terminationGracePeriodSeconds }}
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .workload.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .workload.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "broadcast.labels" . | nindent 10 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1654
    runAsGroup: 1654
    fsGroup: 1654
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: broadcast
      image: {{ printf "%s:%s" .root.Values.image.repository .root.Values.image.tag | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: ["serve", "--roles", {{ .roles | quote }}, "--internal", "*:8090"]
      env:
        - name: POD_IP
          valueFrom:
            fieldRef:
              fieldPath: status.podIP
        - name: BROADCAST__Cluster__Address
          value: {{ .root.Values.internalAddress | quote }}
        - name: BROADCAST__Database__ConnectionString
          valueFrom:
            secretKeyRef:
              name: {{ required "database.existingSecret is required" .root.Values.database.existingSecret | quote }}
              key: {{ .root.Values.database.key | quote }}
        - name: BROADCAST__Storage__Bucket
          value: {{ required "storage.bucket is required" .root.Values.storage.bucket | quote }}
        {{- if .root.Values.storage.endpoint }}
        - name: BROADCAST__Storage__Endpoint
          value: {{ .root.Values.storage.endpoint | quote }}
        {{- end }}
        - name: BROADCAST__Storage__Region
          value: {{ .root.Values.storage.region | quote }}
        {{- if .root.Values.storage.prefix }}
        - name: BROADCAST__Storage__Prefix
          value: {{ .root.Values.storage.prefix | quote }}
        {{- end }}
        - name: BROADCAST__Storage__AccessKey
          valueFrom:
            secretKeyRef:
              name: {{ required "storage.existingSecret is required" .root.Values.storage.existingSecret | quote }}
              key: {{ .root.Values.storage.accessKeyKey | quote }}
        - name: BROADCAST__Storage__SecretKey
          valueFrom:
            secretKeyRef:
              name: {{ .root.Values.storage.existingSecret | quote }}
              key: {{ .root.Values.storage.secretKeyKey | quote }}
        {{- range $name, $value := .root.Values.options }}
        - name: {{ printf "BROADCAST__%s" $name | quote }}
          value: {{ $value | quote }}
        {{- end }}
        {{- range .root.Values.extraSecretOptions }}
        - name: {{ printf "BROADCAST__%s" .option | quote }}
          valueFrom:
            secretKeyRef:
              name: {{ .secret | quote }}
              key: {{ .key | quote }}
        {{- end }}
      ports:
        {{- if or (eq .roles "all") (contains ",ingest," $roles) }}
        - name: rtmp
          containerPort: 1935
        - name: rtmps
          containerPort: 1936
        {{- end }}
        {{- if or (eq .roles "all") (contains ",origin," $roles) (contains ",control," $roles) }}
        - name: http
          containerPort: 8080
        {{- end }}
        - name: internal
          containerPort: 8090
      startupProbe:
        httpGet:
          path: /readyz
          port: internal
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet:
          path: /healthz
          port: internal
        periodSeconds: 10
        timeoutSeconds: 3
        failureThreshold: 3
      readinessProbe:
        httpGet:
          path: /readyz
          port: internal
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 2
      lifecycle:
        preStop:
          exec:
            # Load balancers must stop sending connections before the server stops.
            command: ["sleep", "5"]
      resources:
        {{- toYaml .workload.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        - name: data
          mountPath: /data
        - name: tmp
          mountPath: /tmp
  volumes:
    - name: tmp
      emptyDir: {}
    {{- if ne .name "servers" }}
    - name: data
      emptyDir: {}
    {{- end }}
{{- end }}
