// Data sets: behaviours and their samples, the ways to ask them, and how they are split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "w2s/base.h"

namespace w2s {

// Behaviours and their contrastive samples, read from any of the formats this field uses.

/// As in the data: a number stays a number, so that results join with the user's own tables.
using SampleId = std::variant<std::int64_t, std::string>;
[[nodiscard]] std::string to_string(const SampleId& id);

/// A prompt with the answer that shows the behaviour and one that does not.
struct Sample {
  SampleId id;
  /// The conversation without a system message. A last message of the assistant is continued by the answers.
  std::vector<ChatMessage> messages = {};
  std::optional<std::string> system = {};  ///< this sample's own system message
  std::string chosen;                      ///< the positive answer, appended to the generation prompt
  std::string rejected;
  std::string where = {};  ///< "file:line" of the sample, for messages
};

/// A behaviour to steer towards, with its samples in the order of the file.
struct Behavior {
  std::string name;
  std::string positive;  ///< description, for the prompt variants ("You are high in openness ..."); may be empty
  std::string negative;
  std::string system;  ///< the system message of samples without one of their own
  std::vector<Sample> samples = {};
};

/// The system message of the paper's BASE variant.
inline constexpr std::string_view default_system_message = "You are a helpful, honest and concise assistant.";

/// What to take from a data file or folder.
struct DataSelection {
  std::vector<std::string> behaviors = {};  ///< names; empty: all that are there
  std::size_t limit = 0;                    ///< samples a behaviour, drawn with `seed`, kept in file order; 0: all
  std::uint64_t seed = 0;
};

/// Reads behaviours from
///  - a JSONL file of preference pairs {"prompt", "chosen", "rejected"}: `prompt` is a string or a list of chat
///    messages, optional `system` and `id`;
///  - a file of Model-Written Evaluations (anthropics/evals: persona or advanced-ai-risk), as it is;
///  - a processed data set of steering-bench (JSON);
///  - a folder, searched recursively for the files above. In a checkout of anthropics/evals only the paper's 13
///    behaviours are taken;
///  - `builtin:NAME` or `builtin:all`: the data set this project carries.
/// The format is detected from the content. A behaviour is named by its file's stem, and STEM.toml beside the file may
/// give `positive`, `negative` and `system`. Evaluations and steering-bench data whose stem is that of one of
/// paper_behaviors() get the paper's name, descriptions and direction instead. Throws Error{data} with file and line
/// for malformed samples, equal answers, answers of which one is the other's prefix, an id that occurs twice, an empty
/// data set, and a name in `selection` that is not there; of a folder only the files of selected behaviours are read.
[[nodiscard]] std::vector<Behavior> read_behaviors(const std::string& source, const DataSelection& selection = {});

/// Several sources; a behaviour that two of them name is an error.
[[nodiscard]] std::vector<Behavior> read_behaviors(std::span<const std::string> sources,
                                                   const DataSelection& selection = {});

/// SHA-256 over everything in a behaviour that can change a result: name, ids, answers, messages, system, descriptions,
/// order.
[[nodiscard]] std::string content_hash(const Behavior& behavior);

/// The names of the behaviours this project carries.
[[nodiscard]] std::vector<std::string> builtin_behavior_names();

/// One of the 13 behaviours of the paper (Supp. Table 2).
struct PaperBehavior {
  std::string_view name;      ///< the paper's, for instance "openness"
  std::string_view mwe_file;  ///< path in anthropics/evals without ".jsonl", for instance "persona/openness"
  bool positive_is_matching;  ///< whether MWE's `answer_matching_behavior` is the positive answer
  std::string_view positive;  ///< descriptions for the prompt variants
  std::string_view negative;
};
[[nodiscard]] std::span<const PaperBehavior> paper_behaviors();

// The paper's 40-10-50 split of a data set (section 5, data curation).

enum class SplitPart { train, validation, test };

/// "train", "validation" or "test".
[[nodiscard]] std::string_view to_string(SplitPart part);

/// Sample indices, ascending within each part.
struct Split {
  std::vector<std::size_t> train;
  std::vector<std::size_t> validation;
  std::vector<std::size_t> test;

  /// Training and validation samples together, ascending: all that may be used to choose and to fit.
  [[nodiscard]] std::vector<std::size_t> fitting() const;
};

struct SplitFractions {
  double train = 0.4;
  double validation = 0.1;  ///< what remains is the test part
};

/// Shuffles 0 .. count-1 with the seed and cuts. Throws Error{data} if a part would be empty.
[[nodiscard]] Split split_samples(std::size_t count, std::uint64_t seed, const SplitFractions& fractions = {});

// The five ways the paper puts a question (Supp. Table 1): BASE, and four that push the behaviour up or down.

enum class PromptVariant { base, user_positive, user_negative, system_positive, system_negative };

/// All five, BASE first.
[[nodiscard]] std::span<const PromptVariant> prompt_variants();

/// "BASE", "USER.POS", "USER.NEG", "SYS.POS" or "SYS.NEG".
[[nodiscard]] std::string_view to_string(PromptVariant variant);

/// The variant of that name, in any case. Throws Error{usage} that lists the names.
[[nodiscard]] PromptVariant parse_prompt_variant(std::string_view name);

/// The conversation of a sample in a variant: a system message (the sample's, else the behaviour's), then the turns.
/// SYS.* replace the system message by the behaviour's description; USER.* put the description and one space before the
/// last user message. An empty system message is left out. Throws Error{data} if the behaviour has no such description.
[[nodiscard]] std::vector<ChatMessage> conversation(const Behavior& behavior, const Sample& sample,
                                                    PromptVariant variant = PromptVariant::base);

// Prompts without answers.

/// Reads a JSONL file of {"prompt"}, a string or a list of chat messages as in preference pairs; other fields are
/// ignored. Returns a conversation for each line. Throws Error{io} if the file cannot be read, Error{data} with file
/// and line for a malformed line, or a file without prompts.
[[nodiscard]] std::vector<std::vector<ChatMessage>> read_prompts(const std::filesystem::path& file);

}  // namespace w2s
