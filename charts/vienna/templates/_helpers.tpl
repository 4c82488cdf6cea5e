{{- define "vienna.labels" -}}
app.kubernetes.io/name: vienna
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "vienna.selector" -}}
app.kubernetes.io/name: vienna
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: control
{{- end }}

{{- define "vienna.control" -}}
{{ .Release.Name }}-control
{{- end }}

{{- define "vienna.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1337
runAsGroup: 1337
fsGroup: 1337
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "vienna.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 1337
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- /* The gate as a native sidecar, with the volumes it needs and what the agent's own containers set. */ -}}
{{- define "vienna.sidecar" -}}
initContainers:
  - name: vienna-gate
    image: "{{ .Values.images.gate.repository }}:{{ .Values.images.gate.tag }}"
    imagePullPolicy: {{ .Values.images.gate.pullPolicy }}
    restartPolicy: Always # a native sidecar: the agent starts after its startupProbe, and ends before it
    args:
      - --json
      - --listen=0.0.0.0:{{ .Values.gate.port }}
      - --control=http://{{ include "vienna.control" . }}.{{ .Release.Namespace }}.svc:8080
      - --key-file=/run/vienna/join/join
      - --state-dir=/run/vienna/state
      - -c=/run/vienna/config/vienna.yaml
    env:
      - {name: VIENNA_ENV, value: {{ .Values.control.env }}}
    ports:
      - {name: proxy, containerPort: {{ .Values.gate.port }}}
    startupProbe:
      tcpSocket: {port: proxy}
      periodSeconds: 1
      failureThreshold: 60
    livenessProbe:
      tcpSocket: {port: proxy}
      periodSeconds: 10
    resources:
{{ toYaml .Values.gate.resources | indent 6 }}
    securityContext:
{{ include "vienna.containerSecurity" . | indent 6 }}
    volumeMounts:
      - {name: vienna-state, mountPath: /run/vienna/state}
      - {name: vienna-join, mountPath: /run/vienna/join, readOnly: true}
      - {name: vienna-config, mountPath: /run/vienna/config, readOnly: true}
      - {name: vienna-tmp, mountPath: /tmp}
volumes:
  # In memory, and mounted by the gate alone: it holds the key of the gate's intermediate certificate.
  - {name: vienna-state, emptyDir: {medium: Memory, sizeLimit: 64Mi}}
  - {name: vienna-tmp, emptyDir: {sizeLimit: 64Mi}}
  - {name: vienna-join, secret: {secretName: {{ .Values.gate.joinSecret }}, defaultMode: 0440}}
  - {name: vienna-config, configMap: {name: {{ .Release.Name }}-gate}}
  # For the agent's containers: mount it at /etc/vienna.
  - {name: vienna-ca, configMap: {name: {{ .Values.gate.caConfigMap }}}}
{{- end }}

{{- define "vienna.agentEnv" -}}
{{- $url := printf "http://127.0.0.1:%v" .Values.gate.port -}}
{{- range list "HTTP_PROXY" "HTTPS_PROXY" "ALL_PROXY" "http_proxy" "https_proxy" "all_proxy" }}
- {name: {{ . }}, value: {{ $url | quote }}}
{{- end }}
{{- range list "NO_PROXY" "no_proxy" }}
- {name: {{ . }}, value: ""}
{{- end }}
{{- range list "SSL_CERT_FILE" "REQUESTS_CA_BUNDLE" "CURL_CA_BUNDLE" "NODE_EXTRA_CA_CERTS" "AWS_CA_BUNDLE" "GIT_SSL_CAINFO" }}
- {name: {{ . }}, value: /etc/vienna/ca.pem}
{{- end }}
{{- end }}
