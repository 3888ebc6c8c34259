// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/script_coordinator.h"

#include <charconv>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <lua5.1/lua.hpp>

#include "base/assert.h"
#include "lease/redis_script.h"

namespace rowcall::sim {
namespace {

// What a Redis puts around a script. A packed value is a copy, so that nobody changes what is stored.
constexpr const char* kServer = R"lua(
server = {now = 0, number = 1}
local function copy(value)
  if type(value) ~= 'table' then return value end
  local out = {}
  for key, item in pairs(value) do out[key] = copy(item) end
  return out
end
cmsgpack = {pack = copy, unpack = copy}
redis = {call = function(command, key, value)
  if command == 'TIME' then
    return {string.format('%d', math.floor(server.now / 1000000)), string.format('%d', server.now % 1000000)}
  end
  if command == 'INFO' then return 'redis_version:7.0.15\r\nrun_id:' .. string.format('%04x', server.number) .. '\r\n' end
  if command == 'GET' then return server.value or false end
  if command == 'SET' then server.value = value return {ok = 'OK'} end
  error('no such command: ' .. command)
end}
function server.keep_copy() server.old = copy(server.value) end
function server.fail_over(fate)
  server.number = server.number + 1
  if fate == 'lost' then server.value = nil end
  if fate == 'old' then server.value = copy(server.old) end
end
function encoded(value)
  if type(value) == 'number' then return string.format(':%d\r\n', value) end
  if type(value) == 'string' then return '$' .. #value .. '\r\n' .. value .. '\r\n' end
  local out = '*' .. #value .. '\r\n'
  for _, item in ipairs(value) do out = out .. encoded(item) end
  return out
end
function books()
  local limit = server.value and server.value.limits[1]
  if not limit then return '0 0 0 0 ' end
  local quarantined = 0
  for _, entry in ipairs(limit.q) do quarantined = quarantined + entry[2] end
  local out = string.format('%d %d %d %d ', server.value.epoch, server.value.silent, limit.free, quarantined)
  for worker, w in pairs(limit.w) do out = out .. worker .. ' ' .. string.format('%d ', w.c) end
  return out
end
)lua";

// The words of a command: "*N\r\n" and N times "$SIZE\r\nBYTES\r\n".
std::vector<std::string> words_of(std::string_view command) {
  auto number = [&command] {
    std::size_t value = 0;
    auto end = command.find("\r\n");
    std::from_chars(command.data() + 1, command.data() + end, value);
    command.remove_prefix(end + 2);
    return value;
  };
  std::vector<std::string> words(number());
  for (std::string& word : words) {
    std::size_t size = number();
    word = command.substr(0, size);
    command.remove_prefix(size + 2);
  }
  return words;
}

void run_lua(lua_State* lua, std::string_view text, int results = 0) {
  bool good =
      luaL_loadbuffer(lua, text.data(), text.size(), "script") == 0 && lua_pcall(lua, 0, results, 0) == 0;
  if (!good) throw std::runtime_error(lua_tostring(lua, -1));
}

std::string text_of(lua_State* lua, std::string_view expression) {
  run_lua(lua, expression, 1);
  std::size_t size = 0;
  const char* bytes = lua_tolstring(lua, -1, &size);
  std::string text(bytes, size);
  lua_pop(lua, 1);
  return text;
}

}  // namespace

ScriptCoordinator::ScriptCoordinator(const policy::LeaseTerms& terms, Instant now)
    : lua_(luaL_newstate(), lua_close), dialogue_({.redis = true, .key = "k"}, "", {terms}) {
  luaL_openlibs(lua_.get());
  run_lua(lua_.get(), kServer);
  run_lua(lua_.get(), "function script() " + std::string(lease::kRedisScript) + " end");
  dialogue_.begin();
  ROWCALL_ASSERT(dialogue_.hear("$1\r\nx\r\n").terms.has_value(), "the script is loaded");
  silent_until_ = now;
}

ScriptCoordinator::~ScriptCoordinator() = default;

void ScriptCoordinator::report(const policy::LeaseReport& report, Instant now) {
  lease::Reports reports;
  reports.reports.push_back(report);
  lease::Heard heard = dialogue_.hear(answer_to(dialogue_.say(reports), now));
  ROWCALL_ASSERT(heard.trouble.empty() && !heard.refused, "the script has answered with grants");
  for (const lease::Grants& grants : heard.grants) {
    for (const lease::LimitGrant& each : grants.grants) grants_.push_back(each.grant);
  }
  std::int64_t epoch = std::exchange(epoch_, 0);
  read_books();
  if (epoch != epoch_ && !std::exchange(failed_over_, false)) ++overdrawn_;
}

std::string ScriptCoordinator::answer_to(const std::string& command, Instant now) {
  lua_State* lua = lua_.get();
  std::vector<std::string> words = words_of(command);
  auto local = std::chrono::duration_cast<std::chrono::microseconds>((now + clock_ahead_).time_since_epoch());
  std::string prelude =
      "server.now = " + std::to_string(local.count()) + " KEYS = {'" + words.at(3) + "'} ARGV = {";
  for (std::size_t i = 4; i < words.size(); ++i) prelude += "'" + words[i] + "',";
  run_lua(lua, prelude + "}");
  return text_of(lua, "return encoded(script())");
}

void ScriptCoordinator::read_books() {
  std::istringstream books(text_of(lua_.get(), "return books()"));
  std::int64_t silent = 0;
  books >> epoch_ >> silent >> free_ >> quarantined_;
  silent_until_ = Instant(std::chrono::microseconds(silent)) - clock_ahead_;
  charged_ = 0;
  by_worker_.clear();
  std::uint64_t worker = 0;
  for (std::int64_t charged = 0; books >> worker >> charged; charged_ += charged)
    by_worker_[worker] = charged;
}

void ScriptCoordinator::fail_over(Fate fate, Duration clock_ahead) {
  const char* names[] = {"lost", "old", "kept"};
  run_lua(lua_.get(), std::string("server.fail_over('") + names[static_cast<int>(fate)] + "')");
  clock_ahead_ = clock_ahead;
  failed_over_ = true;
  read_books();
}

void ScriptCoordinator::keep_copy() {
  run_lua(lua_.get(), "server.keep_copy()");
}

std::int64_t ScriptCoordinator::charged(std::uint64_t worker) const {
  auto found = by_worker_.find(worker);
  return found == by_worker_.end() ? 0 : found->second;
}

}  // namespace rowcall::sim
