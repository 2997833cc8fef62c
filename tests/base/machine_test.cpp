#include "base/machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "support/temporary_folder.h"

namespace w2s {
namespace {

TEST(AvailableMemory, IsSomeOfTheMachines) {
  const auto available = available_memory();
  ASSERT_TRUE(available);
  EXPECT_GT(*available, 0U);
  EXPECT_LE(*available,
            static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
}

TEST(FreeDisk, IsThatOfTheFolderWhereAPathWillBe) {
  const test::TemporaryFolder folder;
  const auto here = std::filesystem::space(folder.path());
  const auto free = free_disk(folder / "not/there/yet");
  ASSERT_TRUE(free);
  EXPECT_GT(*free, 0U);
  EXPECT_LE(*free, here.capacity);
  EXPECT_TRUE(free_disk("relative/and/not/there"));
}

}  // namespace
}  // namespace w2s
