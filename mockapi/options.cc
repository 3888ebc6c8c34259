// SPDX-License-Identifier: Apache-2.0
#include "mockapi/options.h"

#include <algorithm>

namespace rowcall::mockapi {
namespace {

Error wrong(std::string flag, std::string found, std::string expected, std::string mend = {}) {
  return {ErrorCode::kSetting, std::move(flag), std::move(found), std::move(expected), std::move(mend)};
}

bool possible(const RateLimit& limit) {
  return limit.calls > 0 && limit.period > Duration::zero();
}

bool is_seconds(const std::string& text) {
  return std::ranges::count(text, '.') <= 1 && text.front() != '.' &&
         text.find_first_not_of("0123456789.") == std::string::npos;
}

Result<void> validate_faults(const std::vector<Fault>& faults) {
  double sum = 0;
  for (const Fault& fault : faults) {
    if (!(fault.share >= 0 && fault.share <= 1)) {
      return failure(wrong("--errors", "a share of " + std::to_string(fault.share), "a number from 0 to 1"));
    }
    if (fault.kind == FaultKind::kStatus && (fault.status < 200 || fault.status > 599)) {
      return failure(wrong("--errors", "status " + std::to_string(fault.status), "a status from 200 to 599"));
    }
    sum += fault.share;
  }
  if (sum > 1 + 1e-9) {
    return failure(wrong("--errors", "shares that add up to " + std::to_string(sum), "at most 1"));
  }
  return {};
}

}  // namespace

Result<void> validate(const Behaviour& behaviour) {
  if (!std::ranges::all_of(behaviour.limits, possible)) {
    return failure(wrong("--limit", "a limit without calls or time", "calls and a time, such as 5000/s"));
  }
  if (!behaviour.retry_after.empty() && !is_seconds(behaviour.retry_after)) {
    return failure(wrong("--retry-after", "'" + behaviour.retry_after + "'", "seconds, such as 1 or 0.5"));
  }
  if (behaviour.latency < Duration::zero() || behaviour.jitter < Duration::zero()) {
    return failure(wrong("--latency", "a negative duration", "zero or more"));
  }
  if (behaviour.jitter > behaviour.latency) {
    return failure(wrong("--jitter", "more jitter than latency", "at most the latency",
                         "Raise --latency: an answer cannot come before its call."));
  }
  if (!(behaviour.capacity_per_s >= 0 && behaviour.capacity_per_s <= 1e9)) {
    return failure(
        wrong("--capacity", std::to_string(behaviour.capacity_per_s), "from 0 to 1e9 calls a second"));
  }
  if (behaviour.queue_max < 0) return failure(wrong("--queue-max", "a negative number", "zero or more"));
  for (const Outage& outage : behaviour.outages) {
    if (outage.after < Duration::zero() || outage.length <= Duration::zero()) {
      return failure(wrong("--outage", "an outage without length", "a start and a length, such as 10s+5s"));
    }
  }
  return validate_faults(behaviour.faults);
}

Result<void> validate(const MockOptions& options) {
  if (auto good = validate(options.behaviour); !good) return good;
  if (!std::ranges::all_of(options.audit, possible)) {
    return failure(wrong("--audit", "a limit without calls or time", "calls and a time, such as 5000/s"));
  }
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return failure(wrong(options.tls_cert.empty() ? "--tls-key" : "--tls-cert", "one of two files",
                         "a certificate and its key", "Give both --tls-cert and --tls-key."));
  }
  if (options.stamp == Stamp::kKernel && !options.tls_cert.empty()) {
    return failure(wrong("--stamp", "kernel together with TLS", "read",
                         "The kernel's stamp is of segments, and only plain HTTP shows where a request ends "
                         "in them. Leave out --stamp or serve plain HTTP."));
  }
  if (options.pipeline_max == 0 || options.connections_max == 0) {
    return failure(wrong("connections_max, pipeline_max", "0", "at least 1"));
  }
  if (options.header_bytes_max < 256) return failure(wrong("header_bytes_max", "under 256", "at least 256"));
  return {};
}

}  // namespace rowcall::mockapi
