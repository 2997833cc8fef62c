// What a full disk looks like to a program, without filling one.
#pragma once

#include <sys/resource.h>

namespace w2s::test {

/// While it lives no file of this process can grow beyond `bytes`; writing more fails instead of ending the process.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes);
  ~FileSizeLimit();
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace w2s::test
