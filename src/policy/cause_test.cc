// SPDX-License-Identifier: Apache-2.0
#include "policy/cause_test.h"

#include <algorithm>

namespace rowcall::policy {

namespace {

constexpr Duration kWindow = std::chrono::milliseconds(400);
constexpr int kWindows = 3;  // 1.2 s in all: longer than a blip
constexpr int kWindowResults = 10;
constexpr double kShareFrom = 0.05;                          // fewer failures are left to the retries
constexpr Duration kTest = std::chrono::milliseconds(1100);  // a window of a second is in it whole
constexpr double kSteady = 0.1;  // sending must not be on its way up or down when a test begins
constexpr double kOver = 1.2;    // of the former deliveries: the trouble has ended by itself
constexpr Duration kValidFor = std::chrono::minutes(1);

}  // namespace

void CauseTest::record(bool failure, Instant now) {
  if (now - window_from_ >= kWindow) close_window(now);
  ++results_;
  failures_ += failure ? 1 : 0;
}

void CauseTest::close_window(Instant now) {
  bool failing =
      results_ >= kWindowResults && failures_ > kShareFrom * results_ && now - window_from_ < 2 * kWindow;
  windows_in_a_row_ = failing ? windows_in_a_row_ + 1 : 0;
  window_from_ = now;
  results_ = failures_ = 0;
}

bool CauseTest::look(const Flow& flow, Instant now) {
  if (testing_) {
    if (now < test_until_) return false;
    testing_ = false;
    // What gets through if each call fails by itself: less in the measure in which less was sent.
    double independent = before_.delivered * flow.sent / std::max(before_.sent, 1.0);
    bool over = flow.delivered > kOver * before_.delivered;
    bool pace = flow.delivered > (independent + before_.delivered) / 2;
    cause_ = over ? Cause::kUnknown : pace ? Cause::kPace : Cause::kIndependent;
    valid_until_ = now + kValidFor;
    return true;
  }
  if (windows_in_a_row_ < kWindows || cause(now) != Cause::kUnknown) return false;
  bool steady =
      std::max(flow.sent, flow.sent_lately) <= (1 + kSteady) * std::min(flow.sent, flow.sent_lately);
  if (!steady) return false;
  windows_in_a_row_ = 0;
  testing_ = true;
  test_until_ = now + kTest;
  before_ = flow;
  return true;
}

}  // namespace rowcall::policy
