// SPDX-License-Identifier: Apache-2.0
#include "policy/classify.h"

#include <string_view>

namespace rowcall::policy {
namespace {

Result<StatusList> list_of(const char* key, const std::string& text) {
  if (auto list = StatusList::parse(text)) return *list;
  return failure({ErrorCode::kSetting, std::string("classify.") + key, "\"" + text + "\"",
                  "a list of statuses such as \"5XX,!501,408\"", ""});
}

OutcomeClass judge_error(TransportError error) {
  switch (error) {
    case TransportError::kCertificate:
      return OutcomeClass::kFatal;
    case TransportError::kTooLarge:
      return OutcomeClass::kPermanent;
    default:
      return OutcomeClass::kTransient;
  }
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 425:
      return "Too Early";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";
  }
}

}  // namespace

Result<Classifier> Classifier::make(const ClassifySpec& spec) {
  Classifier classifier;
  struct Entry {
    const char* key;
    const std::string& text;
    StatusList& list;
  };
  for (const Entry& entry : {Entry{"fatal", spec.fatal, classifier.fatal_},
                             Entry{"throttled", spec.throttled, classifier.throttled_},
                             Entry{"no_match", spec.no_match, classifier.no_match_},
                             Entry{"success", spec.success, classifier.success_},
                             Entry{"transient", spec.transient, classifier.transient_}}) {
    auto list = list_of(entry.key, entry.text);
    if (!list) return failure(std::move(list).error());
    entry.list = *list;
  }
  return classifier;
}

OutcomeClass Classifier::judge(const Reply& reply) const {
  if (reply.error != TransportError::kNone) return judge_error(reply.error);
  if (fatal_.has(reply.status)) return OutcomeClass::kFatal;
  if (throttled_.has(reply.status)) return OutcomeClass::kThrottled;
  if (no_match_.has(reply.status)) return OutcomeClass::kNoMatch;
  if (success_.has(reply.status)) return OutcomeClass::kSuccess;
  if (transient_.has(reply.status)) {
    bool patience = reply.status == 503 && !reply.retry_after.empty();
    return patience ? OutcomeClass::kThrottled : OutcomeClass::kTransient;
  }
  return OutcomeClass::kPermanent;
}

std::string why(const Reply& reply) {
  switch (reply.error) {
    case TransportError::kNone: {
      std::string text = "HTTP " + std::to_string(reply.status);
      auto phrase = reason_phrase(reply.status);
      if (!phrase.empty()) text += " " + std::string(phrase);
      if (reply.status >= 300 && reply.status < 400) {
        text += " (redirects are not followed; put the final address into request.url)";
      }
      return text;
    }
    case TransportError::kResolve:
      return "the host name does not resolve: " + reply.detail;
    case TransportError::kConnect:
      return "no connection: " + reply.detail;
    case TransportError::kTls:
      return "TLS handshake failed: " + reply.detail;
    case TransportError::kCertificate:
      return "the server's certificate is not valid: " + reply.detail;
    case TransportError::kClosed:
      return "connection lost before the whole answer had come: " + reply.detail;
    case TransportError::kTimeout:
      return "no answer in time: " + reply.detail;
    case TransportError::kTooLarge:
      return "answer too large: " + reply.detail;
    case TransportError::kProtocol:
      return "the answer is not HTTP: " + reply.detail;
    case TransportError::kCancelled:
      return "the run was stopped";
  }
  return "unknown";
}

bool fate_unknown(const Reply& reply) {
  if (!reply.on_wire || reply.status != 0) return false;
  return reply.error != TransportError::kNone && reply.error != TransportError::kCertificate;
}

}  // namespace rowcall::policy
