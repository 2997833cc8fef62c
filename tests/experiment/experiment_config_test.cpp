#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"
#include "w2s/experiment.h"

namespace w2s {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view least =
    "data = \"evals\"\n"
    "[[models]]\n"
    "name = \"small\"\n"
    "path = \"models/small.gguf\"\n";

class ExperimentConfig : public testing::Test {
 protected:
  [[nodiscard]] ExperimentSettings read(std::string_view text) const {
    write_file(path(), text);
    return read_experiment(path());
  }

  [[nodiscard]] std::string refusal(std::string_view text) const {
    return test::message_of(ErrorKind::usage, [&] { static_cast<void>(read(text)); });
  }

  // With what stands before the models.
  [[nodiscard]] static std::string with(std::string_view lines) {
    return std::string(lines) + "\n" + std::string(least);
  }

  [[nodiscard]] std::filesystem::path path() const { return folder / "experiment.toml"; }

  test::TemporaryFolder folder;
};

TEST_F(ExperimentConfig, NeedsNothingButModelsAndData) {
  const auto settings = read(least);
  ASSERT_EQ(settings.models.size(), 1U);
  EXPECT_EQ(settings.models[0].name, "small");
  EXPECT_EQ(settings.models[0].path, folder / "models/small.gguf");
  EXPECT_THAT(settings.study.data, ElementsAre((folder / "evals").string()));
  EXPECT_THAT(settings.seeds, ElementsAre(0U));
  EXPECT_THAT(settings.study.methods, ElementsAre("caa"));
  EXPECT_FALSE(settings.compares_encoders);
  EXPECT_TRUE(settings.output.empty());
}

TEST_F(ExperimentConfig, ReadsEveryKey) {
  write_file(folder / "chat.jinja", "{{ messages }}");
  const auto settings = read(R"toml(
output = "out"
seeds = [3, 1]
data = ["builtin:all", "/abs/evals"]
behaviors = ["openness"]
limit = 60
variants = "all"
variant-layers = "all"
methods = ["caa", "l2s"]
context-layers = ["2", "5-7"]
l2s-learning-rates = [0.1, 0.2]
l2s-hidden-width = 50
l2s-max-epochs = 7
layers = "0-3"
multipliers = [1, -1.5, 0]
operator = "add-keep-norm"
ctx-size = 2048
executor = "rows"
prompt-cache = 7
rpc = "10.0.0.7:50052"
threads = 3
encoder = "gguf:bert.gguf"
embed-with = ["remote:text-embedding-3-large", "gguf:/abs/nomic.gguf:mean"]
compare-encoders = true
objectives = ["cross-entropy", "expected-steerability"]
top-k = [1, 2]
folds = 4
predictor-seeds = 3
learning-rates = [0.001]
hidden-widths = [16, 32]
hidden-layers = [0, 1]
weight-decays = [0, 0.5]

[[models]]
name = "a"
path = "a.gguf"
gpu-layers = 12
chat-template-file = "chat.jinja"

[[models]]
name = "b"
parameters = 6607343616
layers = 32
width = 4096
tokenizer = "a.gguf"
)toml");
  EXPECT_EQ(settings.output, folder / "out");
  EXPECT_THAT(settings.seeds, ElementsAre(3U, 1U));
  const auto& study = settings.study;
  EXPECT_THAT(study.data, ElementsAre("builtin:all", "/abs/evals"));
  EXPECT_THAT(study.selection.behaviors, ElementsAre("openness"));
  EXPECT_EQ(study.selection.limit, 60U);
  EXPECT_EQ(study.variants.size(), 5U);
  EXPECT_TRUE(study.variants_at_all_layers);
  EXPECT_THAT(study.methods, ElementsAre("caa", "l2s"));
  EXPECT_EQ(study.context_layers.text(), "2,5-7");
  EXPECT_THAT(study.method_options.learning_rates, ElementsAre(0.1, 0.2));
  EXPECT_EQ(study.method_options.hidden_width, 50U);
  EXPECT_EQ(study.method_options.max_epochs, 7U);
  EXPECT_EQ(study.layers.text(), "0-3");
  EXPECT_THAT(study.multipliers, ElementsAre(-1.5F, 0.0F, 1.0F));
  EXPECT_EQ(study.operation, SteeringOperator::add_keep_norm);
  EXPECT_EQ(study.decoder.context, 2048U);
  EXPECT_EQ(study.executor, ExecutorChoice::rows);
  EXPECT_EQ(study.prompt_cache_bytes, std::size_t{7} << 20U);
  EXPECT_EQ(study.threads, 3);
  EXPECT_EQ(study.fit.encoder, parse_encoder_choice("gguf:" + (folder / "bert.gguf").string()));
  EXPECT_THAT(study.text_encoders, ElementsAre(parse_encoder_choice("remote:text-embedding-3-large"),
                                               parse_encoder_choice("gguf:/abs/nomic.gguf:mean")));
  EXPECT_TRUE(settings.compares_encoders);
  EXPECT_THAT(study.fit.objectives, ElementsAre(Objective::cross_entropy, Objective::expected_steerability));
  EXPECT_THAT(study.fit.top_k, ElementsAre(1U, 2U));
  EXPECT_EQ(study.fit.predictor.folds, 4U);
  EXPECT_EQ(study.fit.predictor.seeds, 3U);
  EXPECT_THAT(study.fit.predictor.grid.learning_rates, ElementsAre(0.001));
  EXPECT_THAT(study.fit.predictor.grid.hidden_widths, ElementsAre(16U, 32U));
  EXPECT_THAT(study.fit.predictor.grid.hidden_layers, ElementsAre(0U, 1U));
  EXPECT_THAT(study.fit.predictor.grid.weight_decays, ElementsAre(0.0, 0.5));
  ASSERT_EQ(settings.models.size(), 2U);
  EXPECT_EQ(settings.models[0].options.gpu_layers, 12);
  EXPECT_THAT(settings.models[0].options.rpc_servers, ElementsAre("10.0.0.7:50052"));
  EXPECT_EQ(settings.models[0].options.chat_template, "{{ messages }}");
  EXPECT_EQ(settings.models[1].shape, (ModelShape{.parameters = 6607343616, .layers = 32, .width = 4096}));
  EXPECT_EQ(settings.models[1].tokenizer, folder / "a.gguf");
}

TEST_F(ExperimentConfig, NamesFileAndLineOfAnUnknownKeyAndTheKeysThereAre) {
  const auto message = refusal(with("limit = 3\nencodre = \"first-last\""));
  EXPECT_THAT(message, HasSubstr(path().string() + ":2: encodre: unknown key; there are: output, models, seeds, data"));
  EXPECT_THAT(refusal(std::string(least) + "seeds = 2\n"),
              HasSubstr(":5: seeds: unknown key; there are: name, path, gpu-layers"));
}

TEST_F(ExperimentConfig, NamesTheLineOfWhatIsNotToml) {
  EXPECT_THAT(refusal("data = \"a\"\nlimit = = 3\n"), HasSubstr(path().string() + ":2: not valid TOML"));
}

TEST_F(ExperimentConfig, RefusesValuesOfAnotherKind) {
  for (const auto& [line, reason] : {std::pair{"limit = \"60\"", "limit: must be a whole number, 0 at least"},
                                     {"limit = -1", "limit: must be a whole number, 0 at least"},
                                     {"limit = 1.5", "limit: must be a whole number, 0 at least"},
                                     {"folds = 1", "folds: must be a whole number, 2 at least"},
                                     {"encoder = 3", "encoder: must be a text"},
                                     {"encoder = \"\"", "encoder: is empty"},
                                     {"compare-encoders = 1", "compare-encoders: must be true or false"},
                                     {"learning-rates = [0]", "learning-rates: must be above 0"},
                                     {"learning-rates = [inf]", "learning-rates: must be a number"},
                                     {"weight-decays = -0.1", "weight-decays: must be 0 at least"},
                                     {"top-k = [1, 0]", "top-k: must be a whole number, 1 at least"},
                                     {"methods = \"magic\"", "methods: unknown method 'magic'"},
                                     {"objectives = \"magic\"", "objectives: "},
                                     {"variants = [\"BASE\", \"ALL\"]", "variants: "},
                                     {"operator = \"magic\"", "operator: "},
                                     {"variant-layers = \"some\"", "variant-layers: must be \"needed\" or \"all\""},
                                     {"layers = \"3-1\"", "layers: '3-1' in '3-1' runs backwards"},
                                     {"multipliers = [1]", "multipliers: "},
                                     {"data = { a = 1 }", "data: must be a text"}}) {
    const auto text = std::string(line).starts_with("data")
                          ? "\n" + std::string(line) + "\n[[models]]\nname = \"a\"\npath = \"b\"\n"
                          : with("\n" + std::string(line));
    EXPECT_THAT(refusal(text), HasSubstr(path().string() + ":2: " + reason)) << line;
  }
}

TEST_F(ExperimentConfig, RefusesEmptyListsAndValuesNamedTwice) {
  EXPECT_THAT(refusal(with("seeds = []")), HasSubstr(":1: seeds: is an empty list"));
  EXPECT_THAT(refusal(with("seeds = [\n  1,\n  2,\n  1\n]")), HasSubstr(":4: seeds: has 1 twice"));
  EXPECT_THAT(refusal(with("methods = [\"caa\", \"caa\"]")), HasSubstr("methods: has 'caa' twice"));
  EXPECT_THAT(refusal("data = \"a\"\nmodels = []\n"), HasSubstr(":2: models: is an empty list"));
}

TEST_F(ExperimentConfig, RefusesModelsThatCannotBeToldApartOrFound) {
  EXPECT_THAT(refusal(std::string(least) + "[[models]]\nname = \"small\"\npath = \"other.gguf\"\n"),
              HasSubstr(":5: models: two models have the name small"));
  EXPECT_THAT(refusal("data = \"a\"\n[[models]]\nname = \"../a\"\npath = \"b\"\n"),
              HasSubstr(":3: name: '../a' cannot be the name of a folder here"));
  EXPECT_THAT(refusal("data = \"a\"\n[[models]]\npath = \"b\"\n"), HasSubstr(":2: models: has no name"));
  EXPECT_THAT(refusal("data = \"a\"\n[[models]]\nname = \"b\"\n"), HasSubstr(":2: models: has no path"));
  EXPECT_THAT(refusal("data = \"a\"\nmodels = \"b.gguf\"\n"), HasSubstr("begin each with [[models]]"));
}

TEST_F(ExperimentConfig, RefusesHalfAShape) {
  EXPECT_THAT(refusal(std::string(least) + "layers = 32\n"),
              HasSubstr(":2: models: to plan with a model that is not there, give all of parameters, layers, width and "
                        "tokenizer"));
}

TEST_F(ExperimentConfig, SaysWhatIsMissing) {
  EXPECT_THAT(refusal("data = \"a\"\n"), HasSubstr("says no models: begin each with [[models]]"));
  EXPECT_THAT(refusal("[[models]]\nname = \"a\"\npath = \"b\"\n"), HasSubstr("says no data"));
  EXPECT_THAT(test::message_of(ErrorKind::io, [&] { static_cast<void>(read_experiment(folder / "none.toml")); }),
              HasSubstr("none.toml"));
}

TEST_F(ExperimentConfig, KeepsOnlyThePartAskedFor) {
  auto settings = read(with("seeds = [3, 1]"));
  EXPECT_THAT(test::message_of(ErrorKind::usage, [&] { keep_model(settings, "large"); }),
              HasSubstr("there are: small"));
  settings = read(with("seeds = [3, 1]"));
  EXPECT_THAT(test::message_of(ErrorKind::usage, [&] { keep_seed(settings, 2); }), HasSubstr("there are: 3, 1"));
  keep_model(settings, "small");
  keep_seed(settings, 1);
  EXPECT_EQ(settings.models.size(), 1U);
  EXPECT_THAT(settings.seeds, ElementsAre(1U));
}

}  // namespace
}  // namespace w2s
