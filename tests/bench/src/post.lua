-- What wrk sends, the body being the argument after `--`, and what it says at the end: one line of JSON.
function init(arguments)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = arguments[1]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  local line = '{"requests":%d,"micros":%d,"failed":%d,"p50_micros":%d,"p99_micros":%d}\n'
  io.write(line:format(summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
