package pod

import "testing"

const portRange = `must be between 1 and 65535, inclusive`

func TestProbes(t *testing.T) {
	live := func(text string, want ...string) judged {
		return container(`livenessProbe: {`+text+`}`, within("livenessProbe", want)...)
	}
	judge(t,
		container(`livenessProbe: {exec: {command: [x]}, terminationGracePeriodSeconds: 1}, readinessProbe: {httpGet: {port: web, scheme: HTTPS, httpHeaders: [{name: X-A, value: b}]}, successThreshold: 2},
			startupProbe: {grpc: {port: 1}, initialDelaySeconds: 0}`),
		live(`tcpSocket: {port: 65535}`),
		live(``, `: Required value: must specify a handler type`),
		live(`exec: {}, httpGet: {port: 0}, tcpSocket: {port: 0}, grpc: {port: 0}`,
			`.exec.command: Required value`,
			`.httpGet: Forbidden: may not specify more than 1 handler type`,
			`.tcpSocket: Forbidden: may not specify more than 1 handler type`,
			`.grpc: Forbidden: may not specify more than 1 handler type`),
		live(`tcpSocket: {port: 0}`, `.tcpSocket.port: Invalid value: 0: `+portRange),
		live(`tcpSocket: {port: "1"}`, `.tcpSocket.port: Invalid value: "1": must contain at least one letter (a-z)`),
		live(`grpc: {port: 65536}`, `.grpc.port: Invalid value: 65536: `+portRange),
		live(`httpGet: {port: 65536, scheme: http, httpHeaders: [{name: "a b"}, {}]}`,
			`.httpGet.port: Invalid value: 65536: `+portRange,
			`.httpGet.scheme: Unsupported value: "http": supported values: "HTTP", "HTTPS"`,
			`.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header must consist of alphanumeric characters or '-'`,
			`.httpGet.httpHeaders: Invalid value: "": a valid HTTP header must consist of`),
		live(`exec: {command: [x]}, initialDelaySeconds: -1, timeoutSeconds: -1, periodSeconds: -1, successThreshold: -1, failureThreshold: -1, terminationGracePeriodSeconds: 0`,
			`.initialDelaySeconds: Invalid value: -1: must be greater than or equal to 0`,
			`.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0`,
			`.periodSeconds: Invalid value: -1: must be greater than or equal to 0`,
			`.successThreshold: Invalid value: -1: must be greater than or equal to 0`,
			`.failureThreshold: Invalid value: -1: must be greater than or equal to 0`,
			`.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0`,
			`.successThreshold: Invalid value: -1: must be 1`),
		container(`startupProbe: {exec: {command: [x]}, successThreshold: 2}, readinessProbe: {exec: {command: [x]}, terminationGracePeriodSeconds: 5}`,
			`readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes`,
			`startupProbe.successThreshold: Invalid value: 2: must be 1`),
	)
}

func TestHooks(t *testing.T) {
	hooks := func(grace, text string, want ...string) judged {
		return spec(`terminationGracePeriodSeconds: `+grace+`, containers: [{name: a, image: i, lifecycle: {`+text+`}}]`, within("spec.containers[0].lifecycle.", want)...)
	}
	judge(t,
		hooks(`5`, ``),
		hooks(`5`, `postStart: {httpGet: {port: 1}}, preStop: {sleep: {seconds: 5}}`),
		hooks(`5`, `postStart: {tcpSocket: {port: web}}, preStop: {sleep: {seconds: 0}}`),
		hooks(`5`, `postStart: {}, preStop: {}`, `postStart: Required value: must specify a handler type`, `preStop: Required value: must specify a handler type`),
		hooks(`5`, `preStop: {sleep: {seconds: 6}}`, `preStop.sleep: Invalid value: 6: must be non-negative and less than terminationGracePeriodSeconds (5)`),
		hooks(`5`, `preStop: {sleep: {seconds: -1}}`, `preStop.sleep: Invalid value: -1: must be non-negative and less than terminationGracePeriodSeconds (5)`),
		hooks(`5`, `preStop: {exec: {command: [x]}, sleep: {seconds: 6}}`, `preStop.sleep: Forbidden: may not specify more than 1 handler type`),
		hooks(`5`, `postStart: {exec: {}, httpGet: {port: 1}}`, `postStart.exec.command: Required value`, `postStart.httpGet: Forbidden: may not specify more than 1 handler type`),
	)
}
