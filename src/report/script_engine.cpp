#include "report/script_engine.h"

#include <fmt/format.h>
#include <quickjs.h>

#include <array>
#include <optional>
#include <utility>

#include "w2s/base.h"

namespace w2s::report {
namespace {

/// A value that is given back at the end of its scope.
class Value {
 public:
  Value(JSContext* context, JSValue value) : context_(context), value_(value) {}
  ~Value() { JS_FreeValue(context_, value_); }
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;

  [[nodiscard]] JSValue get() const { return value_; }

  [[nodiscard]] Value property(const char* name) const { return {context_, JS_GetPropertyStr(context_, value_, name)}; }

  /// Nothing where the value cannot be made into a text, with an exception in its place.
  [[nodiscard]] std::optional<std::string> text() const {
    std::size_t size = 0;
    const char* bytes = JS_ToCStringLen(context_, &size, value_);
    if (bytes == nullptr) return std::nullopt;
    std::optional<std::string> copy(std::in_place, bytes, size);
    JS_FreeCString(context_, bytes);
    return copy;
  }

 private:
  JSContext* context_;
  JSValue value_;
};

/// The first line alone, without the spaces before it.
std::string first_line(const std::string& text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n') - begin);
}

/// What was thrown, and the innermost place of its stack: "RangeError: too wide at draw (figures.js:3:14)".
std::string description_of(const Value& exception) {
  const std::string message = first_line(exception.text().value_or("the script failed"));
  const std::string place = first_line(exception.property("stack").text().value_or(""));
  return place.empty() || place == "undefined" ? message : fmt::format("{} {}", message, place);
}

}  // namespace

class ScriptEngine::State {
 public:
  explicit State(const ScriptLimits& limits) : limits_(limits), runtime_(JS_NewRuntime()) {
    if (!runtime_) throw Error(ErrorKind::engine, "no memory for the script engine");
    JS_SetMemoryLimit(runtime_.get(), limits.memory_bytes);
    JS_SetMaxStackSize(runtime_.get(), limits.stack_bytes);
    JS_SetInterruptHandler(runtime_.get(), is_out_of_steps, this);
    context_.reset(JS_NewContext(runtime_.get()));
    if (!context_) throw Error(ErrorKind::engine, "no memory for the script engine");
  }

  void evaluate(const std::string& script, const std::string& name) {
    enter();
    const Value result(context(), JS_Eval(context(), script.c_str(), script.size(), name.c_str(), JS_EVAL_TYPE_GLOBAL));
    if (JS_IsException(result.get())) fail(name);
  }

  std::string call(const std::string& function, std::string_view argument) {
    enter();
    const Value global(context(), JS_GetGlobalObject(context()));
    const Value callee = global.property(function.c_str());
    if (!JS_IsFunction(context(), callee.get())) {
      throw Error(ErrorKind::engine, fmt::format("no script defined the function {}", function));
    }
    const Value text(context(), JS_NewStringLen(context(), argument.data(), argument.size()));
    if (JS_IsException(text.get())) fail(function);
    std::array<JSValue, 1> arguments = {text.get()};
    const Value result(context(), JS_Call(context(), callee.get(), global.get(), 1, arguments.data()));
    if (JS_IsException(result.get())) fail(function);
    if (!JS_IsString(result.get())) {
      throw Error(ErrorKind::engine, fmt::format("{}: the script returned something that is no text", function));
    }
    auto answer = result.text();
    if (!answer) fail(function);
    return *std::move(answer);
  }

 private:
  [[nodiscard]] JSContext* context() const { return context_.get(); }

  /// Another thread than before may be calling, and has a stack of its own.
  void enter() {
    JS_UpdateStackTop(runtime_.get());
    steps_ = 0;
  }

  static int is_out_of_steps(JSRuntime* /*runtime*/, void* opaque) {
    auto& state = *static_cast<State*>(opaque);
    return ++state.steps_ > state.limits_.steps ? 1 : 0;
  }

  [[noreturn]] void fail(const std::string& what) {
    const Value exception(context(), JS_GetException(context()));
    if (steps_ > limits_.steps) {
      throw Error(ErrorKind::engine, fmt::format("{}: the script was stopped after {} steps", what, limits_.steps));
    }
    throw Error(ErrorKind::engine, fmt::format("{}: {}", what, description_of(exception)));
  }

  struct Free {
    void operator()(JSRuntime* runtime) const { JS_FreeRuntime(runtime); }
    void operator()(JSContext* context) const { JS_FreeContext(context); }
  };

  ScriptLimits limits_;
  std::uint64_t steps_ = 0;
  std::unique_ptr<JSRuntime, Free> runtime_;
  std::unique_ptr<JSContext, Free> context_;
};

ScriptEngine::ScriptEngine(const ScriptLimits& limits) : state_(std::make_unique<State>(limits)) {}

ScriptEngine::~ScriptEngine() = default;

void ScriptEngine::evaluate(const std::string& script, const std::string& name) { state_->evaluate(script, name); }

std::string ScriptEngine::call(const std::string& function, std::string_view argument) {
  return state_->call(function, argument);
}

}  // namespace w2s::report
