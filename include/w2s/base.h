// What every part of w2s shares: its errors, long work that is followed and stopped, whole files, and who computes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace w2s {

// The one error type of w2s: what went wrong, as a kind a program can act on and a line a person can.

enum class ErrorKind {
  usage,        ///< an option or argument is out of range or contradicts another
  data,         ///< a data set is malformed or cannot be used; the message names file and line
  model,        ///< a model file is missing, truncated, or holds a model that cannot be steered
  vectors,      ///< a steering-vector file is malformed or belongs to another model
  predictor,    ///< a layer predictor cannot be fitted or read, or belongs to another model
  results,      ///< a results folder is incomplete or was made with other settings
  io,           ///< a file cannot be read or written (permissions, full disk)
  interrupted,  ///< the caller asked for a stop; what was finished until then is kept
  engine,       ///< the engine failed while decoding (out of memory, for instance)
  network,      ///< a server cannot be reached, refuses the request, or its answer cannot be used
};

/// Thrown by every function of the library that meets bad input or cannot do its work. `what()` is one line that
/// names the file, line, layer or field that is wrong and says what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

/// The exit code of a program that ends with this error: 2 for wrong usage or input, 1 for a failure.
[[nodiscard]] constexpr int exit_code(ErrorKind kind) noexcept {
  return kind == ErrorKind::interrupted || kind == ErrorKind::engine || kind == ErrorKind::network ? 1 : 2;
}

// How a caller follows and stops long work. The library itself never prints.

/// How far a piece of long work is. A stage starts with the first report that names it.
struct Progress {
  std::string_view stage;   ///< what is being done, for instance "sweep openness"
  std::size_t done = 0;     ///< units finished, those of an earlier, interrupted run included
  std::size_t total = 0;    ///< units in all
  std::size_t resumed = 0;  ///< units that an earlier run had finished: they say nothing about the rate
  std::string_view unit = "samples";
};

/// The caller's side of a long-running function. Every member may be left empty.
struct Job {
  std::function<void(const Progress&)> on_progress;  ///< called after each unit, from the calling thread
  std::function<void(std::string_view)> on_warning;  ///< one line, for a person
  std::stop_token stop;                              ///< checked between units

  void report(const Progress& progress) const;
  void warn(std::string_view line) const;

  /// Throws Error{interrupted} once a stop was requested.
  void check_stop() const;
};

// Whole files: read at once, written so that a reader sees the old content or the new, never half of it.

/// The content of a file. Throws Error{io} with the path and the system's reason.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// Writes to a temporary file beside `path`, syncs it to disk and renames it over `path`; where that is a link, over
/// what it leads to. On failure (a full disk, say) throws Error{io}, removes the temporary file and leaves what was at
/// `path` as it was. A device or a pipe, as /dev/null or /dev/stdout, is written to as it is.
void write_file(const std::filesystem::path& path, std::string_view content);

/// The same for a writer that needs a path: `write` gets the temporary file's path and may throw. Throws Error{io} for
/// a device or a pipe.
void replace_file(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write);

/// SHA-256 of a file, as 64 hexadecimal digits. Throws Error{io}.
[[nodiscard]] std::string sha256_of_file(const std::filesystem::path& path);

/// SHA-256 of a text, as 64 hexadecimal digits.
[[nodiscard]] std::string sha256(std::string_view text);

// The turns of a conversation.

/// `role` is "system", "user" or "assistant".
struct ChatMessage {
  std::string role;
  std::string content;

  bool operator==(const ChatMessage&) const = default;
};

/// A conversation as embedding models read it, when predictors are trained and when they are asked, and models that
/// have no chat template: the contents of all turns, a blank line between two.
[[nodiscard]] std::string plain_text(std::span<const ChatMessage> messages);

// What turns a text into a vector: embedding models, on this machine or behind a server.

/// A function from texts to vectors of one width. Not for two threads at once.
class TextEncoder {
 public:
  TextEncoder() = default;
  virtual ~TextEncoder() = default;
  TextEncoder(const TextEncoder&) = delete;
  TextEncoder& operator=(const TextEncoder&) = delete;

  /// Names the model and how it pools, for results and messages.
  [[nodiscard]] virtual std::string name() const = 0;
  /// The same for encoders that give the same embeddings, and only for these as far as that can be known.
  [[nodiscard]] virtual std::string identity() const { return name(); }
  /// Width of the embeddings; 0 as long as it is unknown, which it may be until the first text is encoded.
  [[nodiscard]] virtual std::size_t width() const = 0;
  /// The embeddings of `texts`, in their order, as the model gives them: not scaled to unit length by us. Throws
  /// Error{interrupted} when the job is stopped.
  [[nodiscard]] virtual std::vector<std::vector<float>> encode(std::span<const std::string> texts, const Job& job) = 0;
};

// Several processes that share one job, seen from one of them.

/// A part of a job that is divided into as many parts as there are ranks. Pieces of work go round: they are independent
/// of each other, and neighbours in a file are often alike in length.
struct Share {
  std::size_t rank = 0;  ///< counts from 0
  std::size_t of = 1;

  [[nodiscard]] bool has(std::size_t piece) const noexcept { return piece % of == rank; }
  [[nodiscard]] bool is_whole() const noexcept { return of == 1; }
};

/// The job as a rank does its share of it: stages say which part that is. The returned job must not outlive `job`.
[[nodiscard]] Job part_of(const Job& job, Share share);

/// The processes that share a job ("ranks", as MPI calls them). What they find they exchange through files in a folder
/// that all of them see; this is how they wait for each other. Every rank calls the same functions in the same order
/// and from one thread. A rank that fails leaves the others waiting: whoever started them has to end them.
class Ranks {
 public:
  Ranks() = default;
  virtual ~Ranks() = default;
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  [[nodiscard]] virtual Share share() const = 0;
  /// Waits until all ranks are here, and gives each the sum of their values. Throws Error{interrupted} when the job is
  /// stopped while it waits.
  [[nodiscard]] virtual std::uint64_t sum(std::uint64_t value, const Job& job) = 0;

  /// Whether this is the rank that does what cannot be divided.
  [[nodiscard]] bool is_first() const { return share().rank == 0; }
  /// Waits until all ranks are here: each then sees the files that another wrote before.
  void meet(const Job& job) { static_cast<void>(sum(0, job)); }
  /// What the first rank says, on all of them.
  [[nodiscard]] bool first_says(bool value, const Job& job) { return sum(is_first() && value ? 1 : 0, job) != 0; }
};

/// A process by itself, which waits for nobody.
class SingleRank final : public Ranks {
 public:
  [[nodiscard]] Share share() const override { return {}; }
  [[nodiscard]] std::uint64_t sum(std::uint64_t value, const Job& /*job*/) override { return value; }
};

// The processes that mpirun (or Slurm's srun) started together, on one machine or several.

/// This process among the others.
struct Cluster {
  std::unique_ptr<Ranks> ranks = std::make_unique<SingleRank>();
  std::string name = {};     ///< "rank 1 of 4 on node17"; empty for a process by itself
  int threads = 0;           ///< this rank's part of its machine's cores; 0 for a process by itself
  std::string warning = {};  ///< what is wrong with how the ranks were started, for a person; mostly empty
};

/// Joins the processes that were started together, where there are several: waits until all have come here. Call it
/// once, and leave_cluster at the end. Throws Error{usage} if several were started and this program cannot find the
/// others: it was built without MPI, or the launcher is that of another MPI.
[[nodiscard]] Cluster join_cluster();

/// The end of a process that may have joined others: after a failure (any code but 0) it ends them too, because they
/// would wait for it forever. Returns the code. Not to be called before everything is closed: it may not return.
int leave_cluster(int exit_code) noexcept;

}  // namespace w2s
