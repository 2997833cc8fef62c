// What text encoders make of a study's prompts, kept in its results folder.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "w2s/dataset.h"
#include "w2s/job.h"
#include "w2s/prompt_variant.h"
#include "w2s/results_folder.h"
#include "w2s/split.h"
#include "w2s/text_encoder.h"

namespace w2s {

/// Embeds the prompts of a behaviour, as plain_text of their conversations, into folder.embeddings(encoder.name()): all
/// samples in BASE, those of the test part in the other variants. What is there is not embedded again. The file is
/// written whole; until then chunks of it are kept in a folder beside it, so that an interrupted call goes on where it
/// was. Throws Error{results} if the file there is of other data or another encoder, Error{io}, Error{engine} for
/// embeddings that are not of one width or not finite, what the encoder throws, and Error{interrupted} when the job is
/// stopped.
void embed_prompts(const BehaviorFolder& folder, const Behavior& behavior, const Split& split,
                   std::span<const PromptVariant> variants, TextEncoder& encoder, const Job& job = {});

/// The same for all behaviours of a results folder and the variants they were swept in. `data` are the sources the
/// study was made with, as for read_behaviors; they are read with the study's limit and seed, and only if something is
/// missing. Throws Error{usage} if it is and there are none, Error{results} if they are not the study's.
void embed_study(const std::filesystem::path& folder, std::span<const std::string> data,
                 std::span<const std::unique_ptr<TextEncoder>> encoders, const Job& job = {});

}  // namespace w2s
