// SPDX-License-Identifier: Apache-2.0
#include "lease/redis_dialogue.h"

#include <hiredis/hiredis.h>

#include <chrono>
#include <utility>

#include "base/assert.h"
#include "lease/redis_script.h"

namespace rowcall::lease {
namespace {

// Fields of a grant in the script's reply.
constexpr std::size_t kGrantFields = 6;

std::string command(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* bytes = nullptr;
  int size = redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), texts.data(), sizes.data());
  ROWCALL_ASSERT(size > 0, "hiredis has no memory");
  std::string out(bytes, static_cast<std::size_t>(size));
  redisFreeCommand(bytes);
  return out;
}

// Never shorter than it is: the script's times are whole microseconds.
std::string microseconds(Duration duration) {
  return std::to_string(std::chrono::ceil<std::chrono::microseconds>(duration).count());
}

void append_limit(std::vector<std::string>& words, const policy::LeaseTerms& terms,
                  const policy::LeaseReport& report) {
  std::string cooling;
  if (report.leaving) {
    for (std::int64_t permits : report.cooling) cooling += std::to_string(permits) + ",";
  }
  for (std::int64_t number : {terms.permits, report.held, report.used})
    words.push_back(std::to_string(number));
  for (std::uint64_t number :
       {report.incarnation, report.sequence, report.applied.epoch, report.applied.number})
    words.push_back(std::to_string(number));
  for (Duration time : {terms.period, terms.reuse_after, terms.ttl, terms.report_every, terms.path_spread})
    words.push_back(microseconds(time));
  words.emplace_back(report.hungry ? "1" : "0");
  words.push_back(cooling);
}

std::uint64_t number_of(const redisReply& reply) {
  return static_cast<std::uint64_t>(reply.integer);
}

}  // namespace

void RedisDialogue::FreeReader::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

RedisDialogue::RedisDialogue(settings::CoordinatorUrl url, std::string password,
                             std::vector<policy::LeaseTerms> terms)
    : url_(std::move(url)),
      password_(std::move(password)),
      terms_(std::move(terms)),
      key_("rowcall:limit:" + url_.key) {}
RedisDialogue::RedisDialogue(RedisDialogue&&) noexcept = default;
RedisDialogue& RedisDialogue::operator=(RedisDialogue&&) noexcept = default;
RedisDialogue::~RedisDialogue() = default;

std::string RedisDialogue::begin() {
  reader_.reset(redisReaderCreate());
  ROWCALL_ASSERT(reader_ != nullptr, "hiredis has no memory");
  asked_.clear();
  std::string out;
  if (!password_.empty()) {
    out += url_.user.empty() ? command({"AUTH", password_}) : command({"AUTH", url_.user, password_});
    asked_.push_back(Asked::kAuth);
  }
  if (url_.database != 0) {
    out += command({"SELECT", std::to_string(url_.database)});
    asked_.push_back(Asked::kSelect);
  }
  out += command({"SCRIPT", "LOAD", kRedisScript});
  asked_.push_back(Asked::kLoad);
  return out;
}

std::string RedisDialogue::say(const Reports& reports) {
  const policy::LeaseReport& first = reports.reports.front();
  worker_ = first.worker;
  std::vector<std::string> words = {"EVALSHA",
                                    script_digest_,
                                    "1",
                                    key_,
                                    std::to_string(first.worker),
                                    first.leaving ? "1" : "0",
                                    microseconds(reports.asked_to_wait)};
  for (std::size_t i = 0; i < reports.reports.size(); ++i) append_limit(words, terms_[i], reports.reports[i]);
  asked_.push_back(Asked::kReport);
  return command(words);
}

Heard RedisDialogue::hear(std::string_view bytes) {
  Heard heard;
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
  while (heard.trouble.empty() && !heard.refused) {
    void* found = nullptr;
    if (redisReaderGetReply(reader_.get(), &found) != REDIS_OK) {
      heard.trouble = "it does not speak Redis's language";
      break;
    }
    if (found == nullptr) break;
    auto free_reply = [](redisReply* reply) { freeReplyObject(reply); };
    std::unique_ptr<redisReply, decltype(free_reply)> reply(static_cast<redisReply*>(found));
    take(*reply, heard);
  }
  return heard;
}

void RedisDialogue::take(const redisReply& reply, Heard& heard) {
  std::string_view text(reply.str == nullptr ? "" : reply.str, reply.str == nullptr ? 0 : reply.len);
  if (asked_.empty()) {
    heard.trouble = "it answers what was not asked";
    return;
  }
  Asked asked = asked_.front();
  asked_.pop_front();
  if (reply.type == REDIS_REPLY_ERROR) {
    take_error(text, heard);
  } else if (asked == Asked::kLoad) {
    script_digest_ = text;
    heard.terms = terms_;
  } else if (asked == Asked::kReport && reply.type == REDIS_REPLY_STRING) {
    heard.refused =
        Error{ErrorCode::kSetting, "limits.rate", "other limits than those of " + std::string(text),
              "the same for all runs that share the key \"" + url_.key + "\"",
              "Set the same limits.rate, or give limits.coordinator another key with ?key=NAME."};
  } else if (asked == Asked::kReport) {
    take_grants(reply, heard);
  }
}

// Whether it is worth trying again: a Redis that starts, fails over or is full may be well in a moment.
void RedisDialogue::take_error(std::string_view text, Heard& heard) const {
  std::string_view code = text.substr(0, text.find(' '));
  bool stranger = code == "WRONGPASS" || code == "NOAUTH" || text.contains("AUTH");
  if (stranger || code == "NOPERM") {
    heard.refused =
        Error{ErrorCode::kDenied, url_.shown(), "Redis refuses: " + std::string(text),
              stranger ? "the right password" : "a user that may run EVALSHA, SCRIPT LOAD and INFO",
              "Put the password into .env as RATE_COORDINATOR_SECRET, or into the URL in "
              "RATE_COORDINATOR."};
  } else if (code == "MOVED" || text.contains("database") || text.contains("DB index")) {
    heard.refused = Error{ErrorCode::kSetting, url_.shown(), "Redis refuses: " + std::string(text),
                          "a single Redis, or the one node of a cluster that has the key", ""};
  } else {
    heard.trouble = text;
  }
}

// An array: for how long to hold, and for each limit an array of kGrantFields, or an empty one.
void RedisDialogue::take_grants(const redisReply& reply, Heard& heard) const {
  bool good = reply.type == REDIS_REPLY_ARRAY && reply.elements == terms_.size() + 1;
  Grants grants;
  if (good) grants.hold = std::chrono::microseconds(reply.element[0]->integer);
  for (std::size_t i = 0; good && i < terms_.size(); ++i) {
    const redisReply& fields = *reply.element[i + 1];
    good = fields.type == REDIS_REPLY_ARRAY && (fields.elements == 0 || fields.elements == kGrantFields);
    if (!good || fields.elements == 0) continue;
    policy::LeaseGrant grant;
    grant.worker = worker_;
    grant.incarnation = number_of(*fields.element[0]);
    grant.version = {number_of(*fields.element[1]), number_of(*fields.element[2])};
    grant.permits = fields.element[3]->integer;
    grant.sequence = number_of(*fields.element[4]);
    grant.report_every = std::chrono::microseconds(fields.element[5]->integer);
    grants.grants.push_back({i, grant});
  }
  if (good) {
    heard.grants.push_back(std::move(grants));
  } else {
    heard.trouble = "it answers a report with something else";
  }
}

}  // namespace rowcall::lease
