#include <gmock/gmock.h>

#include <string>

#include "engine/layerwise_model.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_model.h"
#include "support/tiny_study.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

using test::LoadedTinyModel;

std::string reason_against(const TensorFile& file) {
  const test::TemporaryFolder folder;
  const auto path = folder / "model.gguf";
  write_tensor_file(path, file);
  const auto model = Model::load(path);
  EXPECT_EQ(resolve_executor(ExecutorChoice::automatic, model), ExecutorChoice::rows);
  EXPECT_EQ(test::error_of([&] { static_cast<void>(resolve_executor(ExecutorChoice::minimal, model)); }).kind(),
            ErrorKind::usage);
  return LayerwiseModel::reason_against(model).value_or("");
}

TEST(ExecutorChoice, IsMinimalWhereTheModelIsKnown) {
  const LoadedTinyModel tiny(test::tiny_llama());
  EXPECT_EQ(resolve_executor(ExecutorChoice::automatic, tiny.model()), ExecutorChoice::minimal);
  EXPECT_EQ(resolve_executor(ExecutorChoice::rows, tiny.model()), ExecutorChoice::rows);
}

TEST(ExecutorChoice, IsRowsForAnArchitectureThatIsNotKnown) {
  EXPECT_THAT(reason_against(test::tiny_model(test::model_without_layer_outputs())), testing::HasSubstr("plamo2"));
}

TEST(ExecutorChoice, IsRowsWhereASettingIsNotKnown) {
  auto file = test::tiny_model(test::tiny_llama());
  file.metadata["llama.attention.scale"] = 0.5;
  EXPECT_THAT(reason_against(file), testing::HasSubstr("llama.attention.scale"));
}

TEST(ExecutorChoice, IsRowsForAScalingOfPositionsThatIsNotKnown) {
  auto file = test::tiny_model(test::tiny_llama());
  file.metadata["llama.rope.scaling.type"] = std::string("yarn");
  EXPECT_THAT(reason_against(file), testing::HasSubstr("yarn"));
}

TEST(ExecutorChoice, MakesAnExecutorForEachThread) {
  const LoadedTinyModel tiny(test::tiny_llama());
  auto decoders = make_decoders(tiny.model(), {.context = 512, .threads = 6}, 2);
  EXPECT_EQ(make_executors(decoders, ExecutorChoice::automatic).size(), 6U);
  EXPECT_EQ(make_executors(decoders, ExecutorChoice::rows).size(), 2U);
}

TEST(ExecutorChoice, IsReadAsItIsWritten) {
  for (const auto choice : {ExecutorChoice::automatic, ExecutorChoice::minimal, ExecutorChoice::rows})
    EXPECT_EQ(parse_executor_choice(to_string(choice)), choice);
  EXPECT_EQ(test::error_of([] { static_cast<void>(parse_executor_choice("fast")); }).kind(), ErrorKind::usage);
}

}  // namespace
}  // namespace w2s
