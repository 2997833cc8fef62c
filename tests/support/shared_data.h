// Data that some tests use and that is not in the repository. Where it is absent such a test says GTEST_SKIP().
#pragma once

#include <filesystem>
#include <optional>

namespace w2s::test {

/// Reference results and public data sets: the folder that W2S_SHARED names, else `shared` beside the repository.
[[nodiscard]] std::optional<std::filesystem::path> shared_data_folder();

/// SmolLM2-135M-Instruct with F32 weights, if `make model` has left it in build/models.
[[nodiscard]] std::optional<std::filesystem::path> default_model();

/// The same model as it is published, quantised.
[[nodiscard]] std::optional<std::filesystem::path> default_quantized_model();

/// all-MiniLM-L6-v2 with F32 weights, if `make embedding-model` has left it in build/models.
[[nodiscard]] std::optional<std::filesystem::path> real_embedding_model();

}  // namespace w2s::test
