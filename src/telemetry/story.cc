// SPDX-License-Identifier: Apache-2.0
#include "telemetry/story.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "rowcall/job.h"

#include "base/json_text.h"
#include "telemetry/figures.h"

namespace rowcall::telemetry {
namespace {

std::int64_t milliseconds_since_epoch(WallTime at) {
  return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

// {"event":"...","at":"...","at_ms":..., and what `more` adds.
template <class More>
std::string line(const char* event, WallTime at, More more) {
  std::string out;
  {
    json::Object object(out);
    object.text("event", event);
    object.text("at", utc_text(at));
    object.number("at_ms", milliseconds_since_epoch(at));
    more(object);
  }
  return out + "\n";
}

std::string text_of(simdjson::dom::object object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}
double real_of(simdjson::dom::object object, const char* key) {
  double value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}
std::int64_t whole_of(simdjson::dom::object object, const char* key) {
  std::int64_t value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}
bool truth_of(simdjson::dom::object object, const char* key) {
  bool value = false;
  return object[key].get(value) == simdjson::SUCCESS ? value : false;
}

policy::Anomaly anomaly_of(simdjson::dom::object object) {
  policy::Anomaly out;
  std::string signal = text_of(object, "signal");
  for (int i = 0; i < policy::kSignals; ++i) {
    if (signal == policy::name_of(static_cast<policy::Signal>(i)))
      out.signal = static_cast<policy::Signal>(i);
  }
  std::string shape = text_of(object, "shape");
  for (policy::Shape known : {policy::Shape::kSpike, policy::Shape::kShift, policy::Shape::kDrift}) {
    if (shape == policy::name_of(known)) out.shape = known;
  }
  out.column = text_of(object, "column");
  out.over = truth_of(object, "over");
  out.normal = real_of(object, "normal");
  out.now = real_of(object, "now");
  out.sigmas = real_of(object, "sigmas");
  out.cause = text_of(object, "cause");
  return out;
}

std::vector<Cause> causes_of(simdjson::dom::object object) {
  std::vector<Cause> out;
  simdjson::dom::array list;
  if (object["causes"].get(list) != simdjson::SUCCESS) return out;
  for (simdjson::dom::element item : list) {
    simdjson::dom::object cause;
    if (item.get(cause) != simdjson::SUCCESS) continue;
    out.push_back({text_of(cause, "class"), text_of(cause, "message"), whole_of(cause, "rows"), {}});
    simdjson::dom::array examples;
    if (cause["examples"].get(examples) != simdjson::SUCCESS) continue;
    for (simdjson::dom::element row : examples) {
      std::int64_t number = 0;
      if (row.get(number) == simdjson::SUCCESS) out.back().examples.push_back(number);
    }
  }
  return out;
}

// Each session tells its causes whole, again and again; the last time counts, and sessions add up.
void add_causes(std::vector<Cause>& all, const std::vector<Cause>& more) {
  for (const Cause& cause : more) {
    auto same = std::ranges::find_if(all, [&](const Cause& known) {
      return known.error_class == cause.error_class && known.message == cause.message;
    });
    if (same == all.end()) {
      all.push_back(cause);
    } else {
      same->rows += cause.rows;
    }
  }
}

class Reader {
 public:
  void take(simdjson::dom::object object) {
    std::string event = text_of(object, "event");
    WallTime at(std::chrono::milliseconds(whole_of(object, "at_ms")));
    if (event == "start") {
      begin(object, at);
    } else if (event == "hold") {
      hold(object, at);
    } else if (event == "alarm") {
      out_.alarms.push_back({at, anomaly_of(object)});
    } else if (event == "warning") {
      out_.warnings.emplace_back(at, text_of(object, "text"));
    } else if (event == "causes") {
      session_causes_ = causes_of(object);
    } else if (event == "end") {
      out_.ended = true;
    }
  }
  ToldStory story() && {
    add_causes(out_.causes, session_causes_);
    std::ranges::sort(out_.causes, larger);
    return std::move(out_);
  }

 private:
  void begin(simdjson::dom::object object, WallTime at) {
    add_causes(out_.causes, std::exchange(session_causes_, {}));
    if (out_.sessions++ == 0) out_.began = at;
    out_.session_began = at;
    out_.ended = false;
    out_.name = text_of(object, "name");
    out_.version = text_of(object, "version");
    out_.sink = text_of(object, "sink");
    out_.price_per_call = real_of(object, "price_per_call");
    out_.limits.clear();
    simdjson::dom::array limits;
    if (object["limits"].get(limits) != simdjson::SUCCESS) return;
    for (simdjson::dom::element limit : limits) {
      std::string_view text;
      if (limit.get(text) == simdjson::SUCCESS) out_.limits.emplace_back(text);
    }
  }
  void hold(simdjson::dom::object object, WallTime at) {
    if (truth_of(object, "held")) {
      out_.holds.push_back({at, {}, text_of(object, "why")});
    } else if (!out_.holds.empty()) {
      out_.holds.back().until = at;
    }
  }

  ToldStory out_;
  std::vector<Cause> session_causes_;
};

}  // namespace

void Story::begin(const RunStarted& event, WallTime at, std::string_view version, double price_per_call) {
  const Job& job = event.job;
  file_->add(line("start", at, [&](json::Object& object) {
    object.text("name", redactor_->masked(job.name));
    object.text("version", version);
    object.text("sink", redactor_->masked(job.sink.path));
    object.number("rows_expected", event.source.rows);
    object.real("price_per_call", price_per_call);
    json::Array limits(object.key("limits"));
    for (const RateLimit& limit : job.limits.rate) json::append_string(limits.item(), limit_text(limit));
  }));
}

void Story::hold(const HoldChanged& event, WallTime at) {
  file_->add(line("hold", at, [&](json::Object& object) {
    object.truth("held", event.held);
    object.text("why", plain(redactor_->masked(event.why)));
  }));
}

void Story::alarm(const policy::Anomaly& anomaly, WallTime at) {
  file_->add(line("alarm", at, [&](json::Object& object) {
    object.text("signal", policy::name_of(anomaly.signal));
    object.text("column", anomaly.column);
    object.text("shape", policy::name_of(anomaly.shape));
    object.truth("over", anomaly.over);
    object.real("normal", anomaly.normal);
    object.real("now", anomaly.now);
    object.real("sigmas", anomaly.sigmas);
    object.text("cause", anomaly.cause);
    object.text("text", alarm_words(anomaly));
  }));
}

void Story::warn(std::string_view text, WallTime at) {
  file_->add(line("warning", at,
                  [&](json::Object& object) { object.text("text", plain(redactor_->masked(text))); }));
}

void Story::causes(WallTime at, bool last) {
  // Each time a tenth more: so the file stays small however many rows fail, and a kill costs little.
  std::int64_t rows = causes_->rows();
  if (rows == caused_rows_told_ || (!last && rows < caused_rows_told_ + caused_rows_told_ / 10)) return;
  caused_rows_told_ = rows;
  file_->add(line("causes", at, [&](json::Object& object) {
    json::Array list(object.key("causes"));
    for (const Cause& cause : causes_->all()) {
      json::Object item(list.item());
      item.text("class", cause.error_class);
      item.text("message", cause.message);
      item.number("rows", cause.rows);
      json::Array examples(item.key("examples"));
      for (std::int64_t row : cause.examples) json::append_int(examples.item(), row);
    }
  }));
}

void Story::end(const Report& report, WallTime at) {
  causes(at, true);
  file_->add(line("end", at, [&](json::Object& object) {
    object.text("end", name_of(report.end));
    object.text("error", plain(redactor_->masked(report.error.text())));
  }));
}

ToldStory story_from_json(std::string_view lines) {
  Reader reader;
  simdjson::dom::parser parser;
  for (std::size_t at = 0; at < lines.size();) {
    std::size_t end = lines.find('\n', at);
    if (end == std::string_view::npos) break;
    simdjson::dom::object object;
    if (parser.parse(simdjson::padded_string(lines.substr(at, end - at))).get(object) == simdjson::SUCCESS) {
      reader.take(object);
    }
    at = end + 1;
  }
  return std::move(reader).story();
}

}  // namespace rowcall::telemetry
