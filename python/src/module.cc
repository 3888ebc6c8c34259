// SPDX-License-Identifier: Apache-2.0
// The module rowcall._engine. What it offers is told in python/rowcall/_engine.pyi.
#include <string>
#include <vector>

#include "rowcall/version.h"

#include "python/src/objects.h"
#include "python/src/python_value.h"
#include "settings/rate_text.h"
#include "settings/setting.h"
#include "telemetry/rate_verdict.h"

namespace rowcall::python {
namespace {

settings::Value texts_value(const std::vector<std::string>& texts) {
  settings::List list;
  for (const std::string& text : texts) list.emplace_back(text);
  return settings::Value(std::move(list));
}

// All settings, as a list of dicts.
PyObject* list_settings(PyObject*, PyObject*) {
  settings::List out;
  for (const settings::Setting& setting : settings::all()) {
    settings::Table entry;
    entry.push_back({"key", setting.key});
    entry.push_back({"doc", setting.doc});
    entry.push_back({"expects", setting.expects});
    entry.push_back({"example", setting.example});
    entry.push_back({"flag", setting.flag});
    entry.push_back({"environment", texts_value(setting.environment)});
    out.emplace_back(std::move(entry));
  }
  return to_object(settings::Value(std::move(out)));
}

// verify_rate(call_log, rates) -> (text, kept)
PyObject* verify_rate(PyObject*, PyObject* arguments) {
  const char* call_log = nullptr;
  PyObject* rates = nullptr;
  if (PyArg_ParseTuple(arguments, "sO", &call_log, &rates) == 0) return nullptr;
  settings::Value given;
  if (!to_value(rates, given)) return nullptr;
  std::vector<RateLimit> limits;
  if (given.list() == nullptr || !given.list()->empty()) {
    auto read = settings::read_rates(given);
    if (!read) {
      raise({ErrorCode::kSetting, "rate", read.error().found, read.error().expected, read.error().mend});
      return nullptr;
    }
    limits = std::move(read->limits);
  }
  Result<telemetry::RateVerdict> verdict = failure({});
  {
    Unlocked unlocked;
    verdict = telemetry::verify_rate(call_log, limits);
  }
  if (!verdict) {
    raise(verdict.error());
    return nullptr;
  }
  Ref text(text_object(verdict->text()));
  if (!text) return nullptr;
  return Py_BuildValue("(OO)", text.get(), verdict->kept() ? Py_True : Py_False);
}

PyObject* close_runs(PyObject*, PyObject*) {
  Unlocked unlocked;
  close_all_runs();
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"load", load_job, METH_VARARGS, nullptr},         {"plan", plan_job, METH_VARARGS, nullptr},
    {"settings", list_settings, METH_NOARGS, nullptr}, {"verify_rate", verify_rate, METH_VARARGS, nullptr},
    {"close_runs", close_runs, METH_NOARGS, nullptr},  {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "rowcall._engine", nullptr, -1, functions, nullptr, nullptr, nullptr, nullptr};

bool add(PyObject* module, const char* name, PyObject* owned) {
  Ref object(owned);
  return object && PyModule_AddObjectRef(module, name, object.get()) == 0;
}

}  // namespace
}  // namespace rowcall::python

// NOLINTNEXTLINE(bugprone-reserved-identifier): Python makes this name of the module's.
PyMODINIT_FUNC PyInit__engine() {
  namespace python = rowcall::python;
  python::Ref module(PyModule_Create(&python::definition));
  bool whole = module && python::add(module.get(), "Job", python::make_job_type()) &&
               python::add(module.get(), "Table", python::make_table_type()) &&
               python::add(module.get(), "Run", python::make_run_type()) &&
               python::add(module.get(), "Coordinator", python::make_coordinator_type()) &&
               PyModule_AddStringConstant(module.get(), "version", rowcall::kVersion) == 0;
  return whole ? module.release() : nullptr;
}
