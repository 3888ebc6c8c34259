// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include "lease/coordinator_server.h"
#include "python/src/objects.h"
#include "python/src/python_value.h"

namespace rowcall::python {
namespace {

using HeldServer = std::shared_ptr<lease::CoordinatorServer>;

// Coordinator(job, host, port, secret, restarted)
PyObject* coordinator_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  PyObject* job_object = nullptr;
  const char* host = nullptr;
  const char* secret = nullptr;
  int port = 0;
  int restarted = 0;
  if (keywords != nullptr && PyDict_Size(keywords) > 0) {
    PyErr_SetString(PyExc_TypeError, "Coordinator takes no keywords");
    return nullptr;
  }
  if (PyArg_ParseTuple(arguments, "Osisp", &job_object, &host, &port, &secret, &restarted) == 0)
    return nullptr;
  const Job* job = job_of(job_object);
  if (job == nullptr) return nullptr;
  lease::CoordinatorOptions options;
  options.limits = job->limits;
  options.call_timeout = job->request.timeout;
  options.host = host;
  options.port = static_cast<std::uint16_t>(port);
  options.secret = secret;
  options.restarted = restarted != 0;
  Result<std::unique_ptr<lease::CoordinatorServer>> server = failure({});
  {
    Unlocked unlocked;
    server = lease::CoordinatorServer::start(options);
  }
  if (!server) {
    raise(server.error());
    return nullptr;
  }
  return make_holder<HeldServer>(type, HeldServer(*std::move(server)));
}

PyObject* coordinator_address(PyObject* self, void*) {
  const HeldServer& server = held_by<HeldServer>(self);
  return text_object(server ? server->address() : "");
}

PyObject* coordinator_close(PyObject* self, PyObject*) {
  HeldServer ended = std::exchange(held_by<HeldServer>(self), nullptr);
  Unlocked unlocked;
  ended.reset();
  Py_RETURN_NONE;
}

PyObject* coordinator_status(PyObject* self, PyObject*) {
  const HeldServer& server = held_by<HeldServer>(self);
  lease::CoordinatorStatus status = server ? server->status() : lease::CoordinatorStatus{};
  settings::List limits;
  for (const lease::LimitStatus& limit : status.limits) {
    settings::Table entry;
    entry.push_back({"permits", limit.permits});
    entry.push_back({"lent", limit.lent});
    entry.push_back({"quarantined", limit.quarantined});
    entry.push_back({"free", limit.free});
    limits.emplace_back(std::move(entry));
  }
  settings::Table out;
  out.push_back({"workers", status.workers});
  out.push_back({"messages_in", status.messages_in});
  out.push_back({"messages_out", status.messages_out});
  out.push_back({"refused", status.refused});
  out.push_back({"overdrawn", status.overdrawn});
  out.push_back({"held", status.held});
  out.push_back({"limits", settings::Value(std::move(limits))});
  return to_object(settings::Value(std::move(out)));
}

PyMethodDef coordinator_methods[] = {
    {"status", coordinator_status, METH_NOARGS, nullptr},
    {"close", coordinator_close, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef coordinator_getset[] = {
    {"address", coordinator_address, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyType_Slot coordinator_slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(&coordinator_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc_holder<HeldServer>)},
    {Py_tp_methods, coordinator_methods},
    {Py_tp_getset, coordinator_getset},
    {0, nullptr},
};

PyType_Spec coordinator_spec = {"rowcall._engine.Coordinator", sizeof(Holder<HeldServer>), 0,
                                Py_TPFLAGS_DEFAULT, coordinator_slots};

}  // namespace

PyObject* make_coordinator_type() {
  return PyType_FromSpec(&coordinator_spec);
}

}  // namespace rowcall::python
