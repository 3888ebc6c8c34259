// SPDX-License-Identifier: Apache-2.0
#include "lease/coordinator_dialogue.h"

#include <utility>

namespace rowcall::lease {

CoordinatorDialogue::CoordinatorDialogue(std::string secret, std::string place)
    : secret_(std::move(secret)), place_(std::move(place)) {}

std::string CoordinatorDialogue::begin() {
  unread_.clear();
  mine_.reset();
  theirs_.reset();
  welcomed_ = false;
  return "";  // it is the coordinator who speaks first
}

Heard CoordinatorDialogue::hear(std::string_view bytes) {
  Heard heard;
  unread_ += bytes;
  while (unread_.size() >= kLengthBytes && heard.trouble.empty() && !heard.refused) {
    auto length = frame_length(unread_);
    if (!length) {
      heard.trouble = "it speaks another language";
      break;
    }
    if (unread_.size() < kLengthBytes + *length) break;
    std::string body = unread_.substr(kLengthBytes, *length);
    unread_.erase(0, kLengthBytes + *length);
    take(body, heard);
  }
  return heard;
}

std::string CoordinatorDialogue::say(const Reports& reports) {
  return mine_->sign(frame(reports));
}

void CoordinatorDialogue::take(std::string_view body, Heard& heard) {
  if (!theirs_) {
    greet(body, heard);
    return;
  }
  if (!welcomed_) {
    welcome(body, heard);
    return;
  }
  auto said = theirs_->check(body);
  auto grants = said ? read_grants(*said) : std::nullopt;
  if (grants) {
    heard.grants.push_back(*std::move(grants));
  } else {
    heard.trouble = "a message came that the coordinator has not signed";
  }
}

void CoordinatorDialogue::greet(std::string_view body, Heard& heard) {
  auto hello = read_hello(body);
  if (!hello) {
    heard.trouble = "it speaks another language, or is of another version";
    return;
  }
  Nonce nonce = draw_nonce();
  heard.answer = frame(Proof{nonce, code_of(secret_, "worker", hello->nonce, nonce)});
  mine_.emplace(secret_, "worker", hello->nonce, nonce);
  theirs_.emplace(secret_, "coordinator", hello->nonce, nonce);
}

void CoordinatorDialogue::welcome(std::string_view body, Heard& heard) {
  if (auto refused = read_refused(body)) {
    heard.refused = Error{ErrorCode::kDenied, place_, refused->why, "the coordinator's own",
                          "Give this run the secret that its coordinator was started with."};
    return;
  }
  auto said = theirs_->check(body);
  auto welcome = said ? read_welcome(*said) : std::nullopt;
  if (!welcome) {
    heard.trouble = "it does not know the secret";
    return;
  }
  welcomed_ = true;
  heard.terms = std::move(welcome->terms);
}

}  // namespace rowcall::lease
