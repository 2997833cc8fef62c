#include "report/script_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "support/error_of.h"
#include "w2s/base.h"

namespace w2s::report {
namespace {

using test::error_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string failure_of(const std::string& script, const ScriptLimits& limits = {}) {
  const Error error = error_of([&] { ScriptEngine(limits).evaluate(script, "test.js"); });
  EXPECT_EQ(error.kind(), ErrorKind::engine);
  return error.what();
}

TEST(ScriptEngine, CallsWhatScriptsDefined) {
  ScriptEngine engine;
  engine.evaluate("const greeting = 'Hello, ';", "first.js");
  engine.evaluate("globalThis.greet = (name) => greeting + name.toUpperCase();", "second.js");
  EXPECT_EQ(engine.call("greet", "world"), "Hello, WORLD");
}

TEST(ScriptEngine, PassesEveryTextUnchanged) {
  ScriptEngine engine;
  engine.evaluate("function same(text) { return text }", "test.js");
  for (const std::string& text : {std::string(), std::string("a\0b", 3), std::string("\"'\\</script>\r\n"),
                                  std::string("\u05d0\u202e\u4e2d\U0001F642"), std::string(1U << 20U, 'x')}) {
    EXPECT_EQ(engine.call("same", text), text);
  }
}

TEST(ScriptEngine, NamesTheMessageAndThePlaceOfAnException) {
  EXPECT_THAT(failure_of("function draw() {\n  throw new RangeError('too wide');\n}\ndraw();"),
              AllOf(HasSubstr("RangeError: too wide"), HasSubstr("draw (test.js:2"), Not(HasSubstr("\n"))));
  EXPECT_THAT(failure_of("const x = ;"), AllOf(HasSubstr("SyntaxError"), HasSubstr("test.js:1")));
  EXPECT_THAT(failure_of("throw 'a text'"), HasSubstr("a text"));
  EXPECT_THAT(failure_of("throw {toString() { throw 1; }}"), HasSubstr("test.js: "));
}

TEST(ScriptEngine, GoesOnAfterAnException) {
  ScriptEngine engine;
  engine.evaluate("let calls = 0; function f(text) { if (++calls == 1) throw Error('first'); return text + calls; }",
                  "test.js");
  EXPECT_THAT(error_of([&] { (void)engine.call("f", "x"); }).what(), HasSubstr("f: Error: first"));
  EXPECT_EQ(engine.call("f", "x"), "x2");
}

TEST(ScriptEngine, RefusesWhatIsNoFunctionAndWhatReturnsNoText) {
  ScriptEngine engine;
  engine.evaluate("var number = 1; function f() { return 1; }", "test.js");
  EXPECT_THAT(error_of([&] { (void)engine.call("missing", ""); }).what(), HasSubstr("function missing"));
  EXPECT_THAT(error_of([&] { (void)engine.call("number", ""); }).what(), HasSubstr("function number"));
  EXPECT_THAT(error_of([&] { (void)engine.call("f", ""); }).what(), HasSubstr("f: the script returned"));
}

TEST(ScriptEngine, StopsAScriptThatDoesNotEnd) {
  const ScriptLimits few_steps{.steps = 100};
  EXPECT_THAT(failure_of("for (;;) {}", few_steps), HasSubstr("stopped after 100 steps"));
  EXPECT_THAT(failure_of("try { for (;;) {} } catch {} for (;;) {}", few_steps), HasSubstr("stopped after 100 steps"));
  EXPECT_THAT(failure_of("/^(a+)+$/.test('a'.repeat(40) + 'b')", few_steps), HasSubstr("stopped after 100 steps"));
}

TEST(ScriptEngine, CountsTheStepsOfEachCallAnew) {
  ScriptEngine engine({.steps = 20});
  engine.evaluate("function work(text) { for (let i = 0; i < 100000; ++i) {} return text; }", "test.js");
  for (int call = 0; call < 10; ++call) EXPECT_EQ(engine.call("work", "done"), "done");
}

TEST(ScriptEngine, StopsAScriptThatTakesTooMuchMemory) {
  EXPECT_THAT(failure_of("const all = []; for (;;) all.push(new Array(1000).fill(0));", {.memory_bytes = 8U << 20U}),
              HasSubstr("test.js: "));
}

TEST(ScriptEngine, StopsEndlessRecursion) {
  const std::string recursion = "function f() { return f() + 1; } f();";
  EXPECT_THAT(failure_of(recursion), HasSubstr("RangeError"));
  std::thread([&] { EXPECT_THAT(failure_of(recursion), HasSubstr("RangeError")); }).join();
}

TEST(ScriptEngine, WorksInAnotherThreadThanItWasMadeIn) {
  ScriptEngine engine;
  engine.evaluate("function twice(text) { return text + text; }", "test.js");
  std::string answer;
  std::thread([&] { answer = engine.call("twice", "ab"); }).join();
  EXPECT_EQ(answer, "abab");
}

TEST(ScriptEngine, HasNothingThatReachesOutside) {
  ScriptEngine engine;
  engine.evaluate("function found(name) { return typeof globalThis[name]; }", "test.js");
  for (const char* name :
       {"require", "process", "std", "os", "print", "console", "fetch", "setTimeout", "scriptArgs"}) {
    EXPECT_EQ(engine.call("found", name), "undefined") << name;
  }
  EXPECT_THAT(error_of([&] { engine.evaluate("import 'x'", "test.js"); }).what(), HasSubstr("SyntaxError"));
}

}  // namespace
}  // namespace w2s::report
