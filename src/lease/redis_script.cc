// SPDX-License-Identifier: Apache-2.0
#include "lease/redis_script.h"

namespace rowcall::lease {

const char* const kRedisScript = R"lua(
local FIELDS, SLICES, PENDING_MAX, KEPT_US = 14, 32, 64, 86400000000

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
-- Another server may not know what the one before it has granted, and its clock is another one.
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')

local name, leaving, asked = ARGV[1], ARGV[2] == '1', tonumber(ARGV[3])
local reports = {}
for at = 4, #ARGV, FIELDS do
  local r = {}
  for i, field in ipairs({'permits', 'held', 'used', 'incarnation', 'sequence', 'epoch', 'number', 'period',
                          'reuse', 'ttl', 'every', 'spread'}) do
    r[field] = tonumber(ARGV[at + i - 1])
  end
  r.hungry = ARGV[at + 12] == '1'
  r.cooling = {}
  for permits in string.gmatch(ARGV[at + 13], '(%d+),') do r.cooling[#r.cooling + 1] = tonumber(permits) end
  reports[#reports + 1] = r
end

-- Longer on this clock than on any worker's.
local function stretched(us) return math.ceil(us * 1.001) end

-- ---- the state: limits, each {n, period, free, q = {{until, permits}...}, w = {worker...}, gone = {...}};
-- a worker {i = incarnation, s = sequence, c = charged, g = granted, k = number of that grant, p = {{number,
-- permits}...} not acknowledged, e = end of the lease, want, t = target, turn, r = reuse_after, d = spread}

local function new_state(epoch, silent)
  local state = {server = server, epoch = epoch, silent = silent, asked = 0, limits = {}}
  for i, r in ipairs(reports) do
    state.limits[i] = {n = r.permits, period = r.period, free = r.permits, q = {}, w = {}, gone = {}}
  end
  return state
end

local function silence()
  local longest = 0
  for _, r in ipairs(reports) do longest = math.max(longest, stretched(r.ttl + r.reuse) + r.spread) end
  return longest
end

local function quarantine(limit, permits, till)
  till = math.ceil(till / 5000) * 5000
  for _, entry in ipairs(limit.q) do
    if entry[1] == till then
      entry[2] = entry[2] + permits
      return
    end
  end
  limit.q[#limit.q + 1] = {till, permits}
end

local function take_back(limit, w, permits, usable_at)
  w.c = w.c - permits
  quarantine(limit, permits, usable_at)
end

local function after_lease(w) return w.e + stretched(w.r) + w.d end

-- Crashed, cut off, or stopped without a word. It may have sent its last call just before the end.
local function end_leases(limit)
  for worker, w in pairs(limit.w) do
    if w.e <= now then
      if w.c > 0 then take_back(limit, w, w.c, after_lease(w)) end
      limit.gone[worker] = {w.i, now + 10 * (w.e - w.at)}
      limit.w[worker] = nil
    end
  end
  for worker, gone in pairs(limit.gone) do
    if gone[2] <= now then limit.gone[worker] = nil end
  end
end

local function release_due(limit)
  local left = {}
  for _, entry in ipairs(limit.q) do
    if entry[1] <= now then limit.free = limit.free + entry[2] else left[#left + 1] = entry end
  end
  limit.q = left
end

-- ---- a report

local function too_late(limit, r)
  local gone, w = limit.gone[name], limit.w[name]
  if gone and r.incarnation <= gone[1] then return true end
  return w ~= nil and (r.incarnation < w.i or (r.incarnation == w.i and r.sequence <= w.s))
end

-- False when the books cannot be right: it holds what was never charged.
local function charge_unknown(state, limit, w, permits)
  if permits <= w.c then return true end
  if now >= state.silent then return false end
  local more = math.min(permits - w.c, limit.free)
  w.c, limit.free = w.c + more, limit.free - more
  return true
end

local function meet(state, limit, r)
  local old = limit.w[name]
  if old and old.c > 0 then take_back(limit, old, old.c, after_lease(old)) end
  local w = {i = r.incarnation, s = 0, c = 0, g = 0, k = 0, p = {}, e = now, at = now, want = 0, t = 0,
             turn = now, r = r.reuse, d = r.spread}
  limit.w[name] = w
  if r.held > 0 then
    if not charge_unknown(state, limit, w, r.held) then return nil end
    w.g, w.k, w.p = w.c, 1, {{1, w.c}}
  end
  return w
end

local function acknowledge(state, limit, w, r)
  if r.epoch == state.epoch then
    while w.p[1] and w.p[1][1] <= r.number do table.remove(w.p, 1) end
  end
  local at_most = r.held
  for _, grant in ipairs(w.p) do at_most = math.max(at_most, grant[2]) end
  if at_most < w.c then take_back(limit, w, w.c - at_most, now + r.spread) end
  return charge_unknown(state, limit, w, at_most)
end

local function leave(limit, w, r)
  for i, permits in ipairs(r.cooling) do
    permits = math.min(permits, w.c)
    if permits > 0 then take_back(limit, w, permits, now + stretched(r.reuse * i / SLICES) + r.spread) end
  end
  if w.c > 0 then take_back(limit, w, w.c, now + r.spread) end
  limit.gone[name] = {w.i, now + 10 * r.ttl}
  limit.w[name] = nil
end

-- ---- who gets how many

local function by(field)
  return function(a, b)
    if a.w[field] ~= b.w[field] then return a.w[field] < b.w[field] end
    return a.name < b.name
  end
end

-- More workers than permits: one permit each for some time, then it is another's turn.
local function take_turns(limit, all, r)
  local turn = math.max(r.ttl, 2 * r.reuse)
  local having, waiting = {}, {}
  for _, each in ipairs(all) do
    local list = each.w.t > 0 and having or waiting
    list[#list + 1] = each
    each.w.t = math.min(each.w.t, 1)
  end
  table.sort(having, by('turn'))
  table.sort(waiting, by('turn'))
  local kept, following = #having, 1
  for _, each in ipairs(having) do
    if kept > limit.n or (waiting[following] and each.w.turn + turn <= now) then
      each.w.t, each.w.turn = 0, now
      kept, following = kept - 1, following + 1
    end
  end
  for _, each in ipairs(waiting) do
    if kept >= limit.n then break end
    each.w.t, each.w.turn = 1, now
    kept = kept + 1
  end
end

-- Equal shares, nobody more than it can use: those who want least are served first.
local function set_targets(limit, r)
  local all = {}
  for worker, w in pairs(limit.w) do all[#all + 1] = {name = worker, w = w} end
  if #all > limit.n then
    take_turns(limit, all, r)
  else
    table.sort(all, by('want'))
    local left, count = limit.n, #all
    for _, each in ipairs(all) do
      each.w.t = math.min(math.max(each.w.want, 1), math.floor(left / count))
      left, count = left - each.w.t, count - 1
    end
  end
  return #all
end

local function adjust(state, limit, w, available)
  if now < state.silent or #w.p >= PENDING_MAX then return end
  local granted = w.g
  if w.t > granted then
    granted = math.min(w.t, w.c + available)
  elseif w.t < granted - math.max(1, math.floor(granted / 20)) or w.t == 0 then
    granted = w.t
  end
  if granted == w.g then return end
  -- Charge first. A shrink is not booked at all: that is for the acknowledgement to do.
  local charge = math.max(0, granted - w.c)
  w.c, limit.free = w.c + charge, limit.free - charge
  w.g, w.k = granted, w.k + 1
  w.p[#w.p + 1] = {w.k, granted}
end

-- The answer, or nil when the books cannot be right.
local function answer_report(state, limit, r)
  local goodbye = {r.incarnation, state.epoch, 0, 0, r.sequence, r.every}
  local known = limit.w[name]
  if too_late(limit, r) then return leaving and goodbye or {} end
  -- A farewell that was heard before the books were begun anew: those permits are free already.
  if leaving and not known and now >= state.silent then return goodbye end
  local is_new = not known
  local w = known
  if is_new or r.incarnation ~= w.i then w = meet(state, limit, r) end
  if not w then return nil end
  w.s, w.e, w.at, w.r, w.d = r.sequence, now + stretched(r.ttl), now, r.reuse, r.spread
  if not acknowledge(state, limit, w, r) then return nil end
  if leaving then
    leave(limit, w, r)
    return goodbye
  end
  w.want = r.hungry and limit.n or math.min(limit.n, r.used + math.ceil(0.05 * r.used + 2 * math.sqrt(r.used)) + 1)
  local workers = set_targets(limit, r)
  adjust(state, limit, w, is_new and math.floor((limit.free + 1) / 2) or limit.free)
  -- Less often in a crowd; sooner when there was not enough.
  local crowd = math.floor(workers / 1200 * r.ttl)
  local every = math.min(math.max(crowd, r.every), math.max(r.every, r.ttl / 5))
  if w.g < w.t then every = math.min(every, math.max(crowd, 100000)) end
  return {w.i, state.epoch, w.k, w.g, w.s, math.floor(every)}
end

-- ---- the whole

local stored = redis.call('GET', KEYS[1])
local state = stored and cmsgpack.unpack(stored)
if not state then
  state = new_state(now, now + silence())
elseif state.server ~= server then
  state = new_state(math.max(now, state.epoch + 1), now + silence())
end

local idle, same = now >= state.silent, #state.limits == #reports
local theirs = {}
for i, limit in ipairs(state.limits) do
  end_leases(limit)
  release_due(limit)
  idle = idle and next(limit.w) == nil and limit.free == limit.n
  same = same and limit.n == reports[i].permits and limit.period == reports[i].period
  theirs[i] = string.format('%d in %g s', limit.n, limit.period / 1000000)
end
if not same then
  if not idle then return table.concat(theirs, ', ') end
  state = new_state(math.max(now, state.epoch + 1), 0)
end

if asked > 0 and now + asked > state.asked + 75000 then state.asked = now + asked end
local reply, sound = {math.max(0, state.asked - now)}, true
for i, r in ipairs(reports) do
  local answer = answer_report(state, state.limits[i], r)
  sound = sound and answer ~= nil
  reply[i + 1] = answer or {}
end
if not sound then
  -- It holds what these books do not know, so they are older than its grants.
  state = new_state(math.max(now, state.epoch + 1), now + silence())
  for i, r in ipairs(reports) do reply[i + 1] = answer_report(state, state.limits[i], r) end
end
redis.call('SET', KEYS[1], cmsgpack.pack(state), 'PX', math.ceil((KEPT_US + 2 * silence()) / 1000))
return reply
)lua";

}  // namespace rowcall::lease
