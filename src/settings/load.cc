// SPDX-License-Identifier: Apache-2.0
#include "settings/load.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "base/disk.h"
#include "base/nearest.h"
#include "base/parse.h"
#include "base/try.h"
#include "settings/dotenv.h"
#include "settings/given_text.h"
#include "settings/job_text.h"
#include "settings/secrets.h"
#include "settings/setting.h"
#include "settings/text_form.h"

namespace rowcall::settings {
namespace fs = std::filesystem;
namespace {

// A variable and where it was set.
struct Variable {
  std::string value;
  std::string place;
};

Error wrong_variable(const Variable& variable, std::string found, std::string expected, std::string mend) {
  return {ErrorCode::kSetting, variable.place, std::move(found), std::move(expected), std::move(mend)};
}

std::vector<std::string> known_variables() {
  std::vector<std::string> names;
  for (const Setting& setting : all())
    names.insert(names.end(), setting.environment.begin(), setting.environment.end());
  return names;
}

// Names that secrets of the job refer to as "env:NAME".
std::vector<std::string> referred_names(const Job& job) {
  std::vector<std::string> names;
  auto add = [&](std::string_view place) {
    if (auto name = environment_name(place); !name.empty()) names.emplace_back(name);
  };
  for (const SecretRef* secret : {&job.auth.token, &job.auth.username, &job.auth.password, &job.auth.key,
                                  &job.limits.coordinator_secret}) {
    add(secret->place);
  }
  add(job.limits.coordinator);
  for (const auto& [name, value] : job.request.headers) add(value);
  return names;
}

// "cities1000.csv.gz" is cities1000; a folder is its own name.
std::string stem_of(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  path = path.substr(path.rfind('/') + 1);
  std::string stem(path);
  for (std::string_view ending : {".gz", ".zst"}) {
    if (stem.ends_with(ending)) stem.resize(stem.size() - ending.size());
  }
  if (auto dot = stem.rfind('.'); dot != std::string::npos && dot > 0) stem.resize(dot);
  return job_name_from(stem);
}

class Loader {
 public:
  explicit Loader(const Layers& layers) : layers_(layers) {}

  Result<Loaded> load() && {
    TRY_VOID(apply_job_file());
    TRY_VOID(read_env_file());
    if (layers_.environment_sets) {
      collect_variables();
      TRY_VOID(apply_variables());
      TRY_VOID(apply_bucket_and_key());
      TRY_VOID(apply_calls_and_period());
    }
    TRY_VOID(apply_flags());
    TRY_VOID(apply_sets());
    TRY_VOID(apply_values());
    name_job();
    TRY_VOID(check_env_names());
    TRY_VOID(check(out_.job, out_.places, layers_.brought));
    collect_exports();
    return std::move(out_);
  }

 private:
  Result<void> put(const Target& target, const Value& value, const Place& place);
  Result<void> apply_job_file();
  Result<void> read_env_file();
  void collect_variables();
  Result<void> apply_variables();
  Result<void> apply_bucket_and_key();
  Result<void> apply_calls_and_period();
  Result<void> apply_flags();
  Result<void> apply_sets();
  Result<void> apply_values();
  void name_job();
  Result<void> check_env_names() const;
  void collect_exports();
  const Variable* variable(const std::string& name) const;
  bool given_later(std::string_view key) const;

  const Layers& layers_;
  Loaded out_;
  std::string env_file_;
  std::vector<EnvLine> env_lines_;
  std::map<std::string, Variable> variables_;
};

Result<void> Loader::put(const Target& target, const Value& value, const Place& place) {
  return settings::put(out_.job, out_.places, target, value, place);
}

Result<void> Loader::apply_job_file() {
  if (!layers_.job_file) return {};
  TRY(std::string text, read_file(*layers_.job_file));
  return apply_job_text(text, layers_.job_file->string(), out_.job, out_.places);
}

Result<void> Loader::read_env_file() {
  if (!layers_.use_env_file && !layers_.env_file) return {};
  fs::path path = layers_.env_file.value_or(".env");
  auto text = read_file(path);
  if (!text && !layers_.env_file && text.error().code == ErrorCode::kNotFound) return {};
  if (!text) return failure(std::move(text).error());
  env_file_ = path.string();
  TRY(env_lines_, parse_dotenv(*text, env_file_));
  return {};
}

// An empty value counts as not set, in both.
void Loader::collect_variables() {
  for (const EnvLine& line : env_lines_) {
    std::string place = env_file_ + " line " + std::to_string(line.line) + ": " + line.name;
    if (!line.value.empty()) variables_[line.name] = {line.value, std::move(place)};
  }
  for (const auto& [name, value] : layers_.environment) {
    if (!value.empty()) variables_[name] = {value, "environment variable " + name};
  }
}

const Variable* Loader::variable(const std::string& name) const {
  auto found = variables_.find(name);
  return found == variables_.end() ? nullptr : &found->second;
}

Result<void> Loader::apply_variables() {
  for (const Setting& setting : all()) {
    if (setting.environment.size() != 1) continue;
    const Variable* found = variable(setting.environment.front());
    if (found == nullptr) continue;
    Value value = setting.stays_in_environment ? Value("env:" + setting.environment.front())
                                               : plain_value(setting, trimmed(found->value));
    TRY_VOID(put(Target{&setting, {}}, value, Place{found->place, true}));
  }
  return {};
}

bool Loader::given_later(std::string_view key) const {
  const Setting& setting = *find(key);
  bool flag = std::ranges::find(layers_.flags, setting.flag, &FlagText::flag) != layers_.flags.end();
  bool set = std::ranges::any_of(
      layers_.sets, [&](std::string_view text) { return trimmed(text.substr(0, text.find('='))) == key; });
  return flag || set || std::ranges::find(layers_.values, key, &GivenValue::key) != layers_.values.end();
}

Result<void> Loader::apply_bucket_and_key() {
  const Variable* bucket = variable("S3_BUCKET");
  const Variable* key = variable("S3_KEY");
  if ((bucket == nullptr && key == nullptr) || given_later("source.path")) return {};
  if (key == nullptr) {
    return failure(wrong_variable(*bucket, "set, while S3_KEY is not", "both or none",
                                  "Set S3_KEY to the table's name in the bucket, such as in/cities.csv."));
  }
  if (bucket == nullptr) {
    return failure(wrong_variable(*key, "set, while S3_BUCKET is not", "both or none",
                                  "Set S3_BUCKET to the bucket's name."));
  }
  if (bucket->value.find_first_of("/:@ ") != std::string::npos) {
    return failure(wrong_variable(*bucket, "more than a bucket's name", "a name such as my-bucket",
                                  "Leave out \"s3://\"; what follows the bucket belongs into S3_KEY."));
  }
  if (key->value.starts_with('/') || key->value.starts_with("s3://")) {
    return failure(wrong_variable(*key, "a key that begins with a slash or with \"s3://\"",
                                  "a key such as in/cities.csv",
                                  "Leave out what stands in front of the key."));
  }
  return put(Target{find("source.path"), {}}, "s3://" + bucket->value + "/" + key->value,
             Place{bucket->place, true});
}

Result<void> Loader::apply_calls_and_period() {
  const Variable* calls = variable("RATE_LIMIT_CALLS");
  const Variable* period = variable("RATE_LIMIT_PERIOD");
  if (calls == nullptr && period == nullptr) return {};
  if (calls == nullptr && out_.places.has("limits.rate")) {
    // Taking the default number of calls here could raise the limit that the job file sets.
    return failure(wrong_variable(
        *period, "set without RATE_LIMIT_CALLS, while " + out_.places.of("limits.rate") + " is set as well",
        "both variables or none", "Set RATE_LIMIT_CALLS, or leave RATE_LIMIT_PERIOD out."));
  }
  RateLimit limit = Job().limits.rate.front();
  if (calls != nullptr) {
    auto number = parse_int(calls->value);
    if (!number || *number < 1) {
      return failure(wrong_variable(*calls, shown(calls->value), "a whole number of calls, at least 1", ""));
    }
    limit.calls = *number;
  }
  if (period != nullptr) {
    auto duration = parse_duration(period->value);
    if (!duration || *duration <= Duration(0)) {
      return failure(wrong_variable(*period, shown(period->value),
                                    "a number of seconds above 0, such as 1, 0.5 or 60", ""));
    }
    limit.period = *duration;
  }
  const Setting& rate = *find("limits.rate");
  Job scratch;
  scratch.limits.rate = {limit};
  return put(Target{&rate, {}}, rate.get(scratch), Place{(calls != nullptr ? calls : period)->place, true});
}

Result<void> Loader::apply_flags() {
  std::vector<std::string> flags;
  for (const Setting& setting : all()) {
    if (setting.flag.empty()) continue;
    flags.push_back(setting.flag);
    std::vector<std::string> given;
    for (const FlagText& each : layers_.flags) {
      if (each.flag == setting.flag) given.push_back(each.text);
    }
    if (given.empty()) continue;
    Place place{setting.flag, true};
    if (setting.set_entry) {
      for (const std::string& text : given) {
        auto entry = split_entry(text);
        if (!entry) return failure(error_of(std::move(entry).error(), place, setting.key, 0));
        TRY_VOID(put(Target{&setting, entry->name}, entry->value, place));
      }
      continue;
    }
    TRY_VOID(put(Target{&setting, {}}, flag_value(setting, given), place));
  }
  for (const FlagText& each : layers_.flags) {
    if (std::ranges::find(flags, each.flag) != flags.end()) continue;
    std::string near = nearest(each.flag, flags);
    return failure({ErrorCode::kSetting, each.flag, "no such flag", "a flag of `rowcall run`",
                    near.empty() ? "" : "Did you mean " + near + "?"});
  }
  return {};
}

Result<void> Loader::apply_sets() {
  for (const std::string& set : layers_.sets) {
    auto equals = set.find('=');
    if (equals == std::string::npos) {
      return failure(
          {ErrorCode::kSetting, "--set", "no \"=\"", "KEY=VALUE, as in --set limits.rate=100/s", ""});
    }
    std::string key(trimmed(std::string_view(set).substr(0, equals)));
    TRY(Target target, locate(key, Place{can_be_shown(key) ? "--set " + key : "--set", true}));
    // What follows the key of a table is a name of the user's, and shown only if it is a plain one.
    Place place{"--set " + target.setting->key, true};
    TRY_VOID(put(target, set_value(target, std::string_view(set).substr(equals + 1)), place));
  }
  return {};
}

Result<void> Loader::apply_values() {
  for (const GivenValue& given : layers_.values) {
    Place place{given.place, true};
    TRY(Target target, locate(given.key, place));
    TRY_VOID(put(target, given.value, place));
  }
  return {};
}

void Loader::name_job() {
  if (out_.places.has("name")) return;
  std::string name = layers_.job_file ? job_name_from(layers_.job_file->stem().string()) : "";
  if (name.empty() && !out_.job.source.paths.empty()) name = stem_of(out_.job.source.paths.front());
  if (!name.empty()) out_.job.name = name;
}

Result<void> Loader::check_env_names() const {
  std::vector<std::string> known = known_variables();
  std::vector<std::string> referred = referred_names(out_.job);
  for (const EnvLine& line : env_lines_) {
    bool ours = std::ranges::find(known, line.name) != known.end();
    bool others = line.name.starts_with("AWS_") || std::ranges::find(referred, line.name) != referred.end();
    std::string near = ours || others ? "" : nearest(line.name, known);
    if (near.empty()) continue;
    return failure({ErrorCode::kSetting, env_file_ + " line " + std::to_string(line.line) + ": " + line.name,
                    "no such name", near, "Correct the name, or take the line out."});
  }
  return {};
}

void Loader::collect_exports() {
  std::vector<std::string> referred = referred_names(out_.job);
  for (const EnvLine& line : env_lines_) {
    bool wanted = line.name.starts_with("AWS_") || std::ranges::find(referred, line.name) != referred.end();
    if (wanted && !line.value.empty()) out_.exports.emplace_back(line.name, line.value);
  }
}

}  // namespace

Result<Loaded> load(const Layers& layers) {
  return Loader(layers).load();
}

NamedTexts process_environment() {
  NamedTexts found;
  for (const std::string& name : known_variables()) {
    if (const char* value = std::getenv(name.c_str())) found.emplace_back(name, value);
  }
  return found;
}

void export_to_process(const NamedTexts& names) {
  for (const auto& [name, value] : names) ::setenv(name.c_str(), value.c_str(), 0);
}

}  // namespace rowcall::settings
