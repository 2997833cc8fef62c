// The five ways the paper puts a question (Supp. Table 1): BASE, and four that push the behaviour up or down.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "w2s/dataset.h"

namespace w2s {

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

}  // namespace w2s
