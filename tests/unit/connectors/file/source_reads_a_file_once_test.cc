// SPDX-License-Identifier: Apache-2.0
// A file is read once: its SHA-256 is made as its rows are read, and told at its end; a source that goes on inside a
// file finds out whether it is still the same.
#include <algorithm>
#include <catch2/catch.hpp>

#include "connectors/file/resume_position.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/status_macros.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/file/source_reading.h"

namespace datong::file {
namespace {

constexpr uint64_t kHeadBytes = uint64_t{512} << 10;  // looked at before it is read

std::string HexOf(const std::string& bytes) { return base::ToHex(base::Sha256(bytes)); }

// Counts the bytes that are read behind a file's head.
class CountingFiles final : public base::FileSystem {
 public:
  uint64_t read_behind_head = 0;

  absl::StatusOr<std::unique_ptr<base::RandomAccessFile>> OpenRead(const std::string& path) override {
    ASSIGN_OR_RETURN(auto file, below_.OpenRead(path));
    return std::make_unique<File>(*this, std::move(file));
  }
  absl::StatusOr<std::unique_ptr<base::AppendFile>> OpenAppend(const std::string& p) override {
    return below_.OpenAppend(p);
  }
  absl::Status Truncate(const std::string& path, uint64_t size) override { return below_.Truncate(path, size); }
  absl::Status Rename(const std::string& from, const std::string& to) override { return below_.Rename(from, to); }
  absl::Status Remove(const std::string& path) override { return below_.Remove(path); }
  absl::Status MakeDirectories(const std::string& path) override { return below_.MakeDirectories(path); }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override { return below_.List(path); }
  absl::StatusOr<bool> Exists(const std::string& path) override { return below_.Exists(path); }
  absl::Status SyncDirectory(const std::string& path) override { return below_.SyncDirectory(path); }
  absl::StatusOr<base::DiskSpace> Space(const std::string& path) override { return below_.Space(path); }
  absl::StatusOr<std::unique_ptr<base::FileLock>> Lock(const std::string& path) override { return below_.Lock(path); }

 private:
  class File final : public base::RandomAccessFile {
   public:
    File(CountingFiles& files, std::unique_ptr<base::RandomAccessFile> file) : files_(files), file_(std::move(file)) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* out) override {
      ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(offset, size, out));
      const uint64_t end = offset + got;
      if (end > kHeadBytes) files_.read_behind_head += end - std::max(offset, kHeadBytes);
      return got;
    }
    absl::StatusOr<uint64_t> Size() override { return file_->Size(); }

   private:
    CountingFiles& files_;
    std::unique_ptr<base::RandomAccessFile> file_;
  };

  base::FileSystem& below_ = base::PosixFileSystem();
};

std::string Csv(base::RandomSource& random, size_t bytes) {
  std::string text = "code,number\n";
  for (uint64_t row = 0; text.size() < bytes; ++row) {
    text += std::to_string(row) + "," + std::to_string(random.Next()) + "\n";
  }
  return text;
}

std::string JsonLines(base::RandomSource& random, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += "{\"number\":" + std::to_string(random.Next()) + "}\n";
  return text;
}

class OneFile {
 public:
  explicit OneFile(const std::string& name) { options.paths = {folder_.path() + "/" + name}; }
  void Write(const std::string& bytes) { WriteFile(options.paths[0], bytes); }
  ReadFile Read(const std::string& position = "") { return ReadAll(options, position, files); }
  FileSourceOptions options;
  CountingFiles files;
  base::SeededRandom random{TestSeed(20)};

 private:
  tests::TemporaryDirectory folder_;
};

TEST_CASE("every stored byte is read once, and the end tells the SHA-256 of all of them") {
  const bool json = GENERATE(false, true);
  const bool gzip = GENERATE(false, true);
  CAPTURE(json, gzip);
  OneFile file(json ? "x.jsonl" : "x.csv");
  if (json) file.options.columns = {"number"};
  std::string bytes = json ? JsonLines(file.random, 4'000'000) : Csv(file.random, 4'000'000);
  const auto rows = static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '\n')) - (json ? 0 : 1);
  // What stands behind a gzip's last member is no content, and is of the file all the same.
  if (gzip) bytes = Gzip(bytes) + std::string(700'000, '\0');
  file.Write(bytes);
  const ReadFile all = file.Read();
  CHECK(all.failure.empty());
  CHECK(all.rows.size() == rows);
  REQUIRE(all.units.size() == 1);
  CHECK(all.units[0].identity.empty());
  CHECK(all.units[0].bytes_total == bytes.size());
  CHECK_FALSE(all.units[0].goes_on);
  CHECK(all.identities.at(0) == HexOf(bytes));
  CHECK(file.files.read_behind_head == bytes.size() - kHeadBytes);
}

TEST_CASE("the look for the names of JSON lines is no reading of its own for the digest") {
  OneFile file("x.jsonl");
  const std::string bytes = JsonLines(file.random, 2'000'000);
  file.Write(bytes);
  const ReadFile all = file.Read();
  CHECK(all.identities.at(0) == HexOf(bytes));
  CHECK(file.files.read_behind_head == 2 * (bytes.size() - kHeadBytes));
}

TEST_CASE("where its SHA-256 is stated, a file is digested before its first row") {
  OneFile file("x.csv");
  const std::string bytes = Csv(file.random, 2'000'000);
  file.Write(bytes);
  WriteFile(file.options.paths[0] + ".sha256", HexOf(bytes));
  file.options.manifest.sha256 = true;
  const ReadFile all = file.Read();
  CHECK(all.complete == 1);
  CHECK(all.units.at(0).identity == HexOf(bytes));
  CHECK(file.files.read_behind_head > bytes.size());
}

TEST_CASE("asked for the identity, the source tells it, and reads as it would have read") {
  OneFile file("x.csv");
  const std::string bytes = Csv(file.random, 2'000'000);
  file.Write(bytes);
  const size_t rows = file.Read().rows.size();
  const auto source = NewFileSource(file.options, file.files);
  REQUIRE(source->Open("").ok());
  sdk::SourceRead read;
  size_t given = 0;
  std::string identity, at_end;
  while (!read.exhausted) {
    read.Clear();
    REQUIRE(source->Read(read).ok());
    if (read.unit_begun) {
      while (identity.empty()) REQUIRE(source->Identify(identity).ok());
    }
    given += read.rows.rows();
    if (read.unit_ended) at_end = read.identity;
  }
  CHECK(identity == HexOf(bytes));
  CHECK(at_end == identity);
  CHECK(given == rows);
}

TEST_CASE("from anywhere inside a file the source goes on, and its end tells the SHA-256 of the whole") {
  const bool gzip = GENERATE(false, true);
  CAPTURE(gzip);
  OneFile file("x.csv");
  const std::string text = Csv(file.random, 3'000'000);
  const std::string bytes = gzip ? Gzip(text.substr(0, 1'000'000)) + Gzip(text.substr(1'000'000)) : text;
  file.Write(bytes);
  file.options.rows_per_read_max = 500;
  const ReadFile whole = file.Read();
  for (int times = 0; times < 12; ++times) {
    const size_t taken = file.random.Below(whole.rows.size());
    const std::string position = whole.rows[taken].position;
    CAPTURE(position);
    const uint64_t row = ParsePosition(position).value().place.row;
    const ReadFile rest = file.Read(position);
    REQUIRE(rest.units.size() == 1);
    CHECK(rest.units[0].goes_on);
    CHECK(rest.units[0].identity.empty());
    CHECK(rest.identities.at(0) == HexOf(bytes));
    REQUIRE(rest.rows.size() == whole.rows.size() - row);
    CHECK((rest.rows.empty() || rest.rows.front() == whole.rows[row]));
  }
}

TEST_CASE("a file that is another one up to where it was read, or longer or shorter, is not gone on with") {
  const bool gzip = GENERATE(false, true);
  CAPTURE(gzip);
  OneFile file("x.csv");
  const std::string text = Csv(file.random, 6'000'000);
  const std::string bytes = gzip ? Gzip(text) : text;
  file.Write(bytes);
  file.options.rows_per_read_max = 500;
  const std::string position = file.Read().rows[1000].position;
  const uint64_t digested = ParsePosition(position).value().digested;
  REQUIRE(digested < bytes.size() / 2);

  std::string changed = bytes;
  changed[file.random.Below(digested)] ^= 1;
  file.Write(changed);
  CHECK(file.Read(position).status_code == "file_changed");
  file.Write(bytes + "\n");
  CHECK(file.Read(position).status_code == "file_changed");
  file.Write(bytes.substr(0, bytes.size() - 1));
  CHECK(file.Read(position).status_code == "file_changed");

  // Of what was read nothing is another: going on reads the file that is there now.
  changed = bytes;
  changed.back() = 'x';
  file.Write(changed);
  const ReadFile rest = file.Read(position);
  CHECK(rest.units.at(0).goes_on);
  CHECK(rest.identities.at(0) == HexOf(changed));

  file.options.read_again = true;
  file.Write(bytes + "\n");
  const ReadFile anew = file.Read(position);
  CHECK_FALSE(anew.units.at(0).goes_on);
  CHECK(anew.rows.front().number == 1);
}

TEST_CASE("a position that holds the digest of the whole file is held against the whole file") {
  OneFile file("x.csv");
  const std::string bytes = "a\n1\n2\n3\n";
  file.Write(bytes);
  const auto position = [](const std::string& identity) {
    return "datong.file/1 done=0 index=0 offset=4 row=1 identity=" + identity + " name=x.csv";
  };
  const ReadFile rest = file.Read(position(HexOf(bytes)));
  CHECK(rest.units.at(0).goes_on);
  CHECK(rest.rows.size() == 2);
  CHECK(rest.identities.at(0) == HexOf(bytes));
  CHECK(file.Read(position(HexOf("a\n1\n2\n4\n"))).status_code == "file_changed");
  const std::string done = "datong.file/1 done=1 index=0 offset=8 row=3 identity=" + HexOf(bytes) + " name=x.csv";
  CHECK(file.Read(done).units.empty());
}

TEST_CASE("a file that fails has the identity of all its bytes; one that is written to while it is read has none") {
  OneFile file("x.csv");
  const std::string packed = Gzip(Csv(file.random, 2'000'000));
  std::string damaged = packed;
  damaged[damaged.size() / 3] ^= 0x55;
  for (const std::string& bytes : {packed.substr(0, packed.size() / 2), damaged}) {
    file.Write(bytes);
    const ReadFile broken = file.Read();
    CHECK(!broken.failure.empty());
    CHECK(broken.identities.at(0) == HexOf(bytes));
  }

  file.Write(Csv(file.random, 2'000'000));
  const auto source = NewFileSource(file.options, file.files);
  REQUIRE(source->Open("").ok());
  sdk::SourceRead read;
  while (!read.unit_ended && read.unit_failure.empty()) {
    read.Clear();
    REQUIRE(source->Read(read).ok());
    if (read.unit_begun) std::ofstream(file.options.paths[0], std::ios::app) << "1,2\n";
  }
  CHECK(read.unit_failure.substr(0, 13) == "file_changed:");
  CHECK(read.identity.empty());
}

TEST_CASE("what is refused in a watched directory, or breaks off before its rows, has its identity at once") {
  tests::TemporaryDirectory folder;
  const std::string pdf = "%PDF-1.4", cut = Gzip("a,b\n1,2\n").substr(0, 11), array = "[{\"a\":1}]";
  WriteFile(folder.path() + "/1.csv", pdf);
  WriteFile(folder.path() + "/2.csv", cut);
  WriteFile(folder.path() + "/3.jsonl", array);
  FileSourceOptions options;
  options.directory = folder.path();
  const ReadFile all = ReadAll(options);
  REQUIRE(all.units.size() == 3);
  CHECK(all.units[0].identity == HexOf(pdf));
  CHECK(all.units[1].identity == HexOf(cut));
  CHECK(all.units[2].identity == HexOf(array));
  CHECK(all.complete == 0);
}

}  // namespace
}  // namespace datong::file
