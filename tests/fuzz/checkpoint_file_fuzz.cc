// SPDX-License-Identifier: Apache-2.0
// Any bytes either are no checkpoint or hold sections that are written and read to themselves; a checkpoint with any
// byte changed or missing is refused.
//
// Input: the bytes of a checkpoint file, as they are and with their sums repaired; and (place, change, sections) of one
// that is written and then damaged.
#include <xxhash.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/base/check.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/index/checkpoint_file.h"
#include "exchange_core/index/checkpoint_pieces.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/input_reader.h"
#include "tests/fuzz/memory_files.h"

namespace datong::fuzz {
namespace {

constexpr index::CheckpointIdentity kIdentity = {2, 7};
constexpr char kPath[] = "lane-2-7.checkpoint";

bool Read(std::string bytes, std::vector<index::CheckpointSection>& sections) {
  MemoryFiles files;
  files.files[kPath] = std::move(bytes);
  const auto take = [&](index::CheckpointSection section) {
    sections.push_back(std::move(section));
    return absl::OkStatus();
  };
  const bool read = index::ReadCheckpointFile(files, kPath, kIdentity, take).ok();
  if (!read) sections.clear();
  DATONG_CHECK(index::ReadCheckpointFile(files, kPath, kIdentity, nullptr).ok() == read);
  return read;
}

std::string Write(const std::vector<index::CheckpointSection>& sections) {
  MemoryFiles files;
  const auto as_it_is = [](const index::CheckpointSection& section) { return section.content; };
  DATONG_CHECK(index::WriteCheckpointFile(files, kPath, kIdentity, sections, as_it_is).ok());
  return files.files[kPath];
}

bool Same(const std::vector<index::CheckpointSection>& a, const std::vector<index::CheckpointSection>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.name == other.name && one.content == other.content;
  });
}

// Whatever a section holds, its pieces are refused or lie within it.
void ParsePieces(std::string_view stored) {
  const auto parsed = index::ParseSection(stored, kIdentity.generation);
  if (!parsed.ok()) return;
  uint64_t bytes = 0;
  DATONG_CHECK(parsed->here.size() == parsed->pieces.size());
  for (size_t i = 0; i < parsed->pieces.size(); ++i) {
    const bool stands_here = parsed->pieces[i].generation == kIdentity.generation;
    DATONG_CHECK(parsed->here[i].size() == (stands_here ? parsed->BytesOf(i) : 0));
    bytes += parsed->BytesOf(i);
  }
  DATONG_CHECK(bytes == parsed->content_bytes);
}

void PackAndParse(std::string_view content) {
  const std::string stored = index::PackSection(content, kIdentity.generation, nullptr).bytes;
  const auto parsed = index::ParseSection(stored, kIdentity.generation);
  DATONG_CHECK(parsed.ok());
  std::string again;
  for (const std::string_view piece : parsed->here) again += piece;
  DATONG_CHECK(again == content);
  const index::PackedSection named_only = index::PackSection(content, kIdentity.generation + 1, &*parsed);
  const auto named = index::ParseSection(named_only.bytes, kIdentity.generation + 1);
  DATONG_CHECK(named_only.stands_on.size() == (content.empty() ? 0 : 1));
  DATONG_CHECK(named.ok() && named->content_bytes == content.size());
  for (const index::Piece& piece : named->pieces) DATONG_CHECK(piece.generation == kIdentity.generation);
}

void ReadTwice(std::string bytes) {
  std::vector<index::CheckpointSection> sections, again;
  if (!Read(std::move(bytes), sections)) return;
  for (const index::CheckpointSection& section : sections) ParsePieces(section.content);
  DATONG_CHECK(Read(Write(sections), again) && Same(sections, again));
}

// The sums keep random changes from reaching anything behind them; what is left is what a hostile writer could leave.
std::string Repaired(std::string_view input) {
  std::string bytes = base::Frame("DTCK", 3, {});
  base::PutFixed(bytes, kIdentity.lane);
  base::PutFixed(bytes, kIdentity.generation);
  const size_t start = bytes.size();
  if (input.size() > start) bytes += input.substr(start);
  base::ByteReader reader(std::string_view(bytes).substr(start));
  for (;;) {
    reader.Bytes();
    const auto length = reader.Fixed<uint64_t>();
    const std::string_view before_sum = reader.rest();
    reader.Fixed<uint64_t>();
    const std::string_view content = reader.Take(length);
    if (!reader.ok()) break;
    const uint64_t sum = XXH3_64bits(content.data(), content.size());
    std::memcpy(bytes.data() + (before_sum.data() - bytes.data()), &sum, sizeof sum);
  }
  if (bytes.size() < start + sizeof(base::Digest)) return bytes;
  bytes.resize(bytes.size() - sizeof(base::Digest));
  const XXH128_hash_t sum = XXH3_128bits(bytes.data(), bytes.size());
  base::PutFixed(bytes, sum.low64);
  base::PutFixed(bytes, sum.high64);
  return bytes;
}

void WriteAndDamage(InputReader reader) {
  const size_t place = size_t{reader.Byte()} << 8 | reader.Byte();
  const uint8_t change = reader.Byte();
  std::vector<index::CheckpointSection> sections, read;
  while (!reader.empty() && sections.size() < 4) {
    index::CheckpointSection& section = sections.emplace_back();
    section.name = reader.Piece();
    section.content = reader.Piece();
  }
  const std::string bytes = Write(sections);
  DATONG_CHECK(Read(bytes, read) && Same(sections, read));

  std::string damaged = bytes;
  const size_t at = place % bytes.size();
  damaged[at] = static_cast<char>(damaged[at] ^ (change == 0 ? 1 : change));
  // The two reserved bytes of a frame are read by nobody, but the checkpoint's own sum covers them.
  DATONG_CHECK(!Read(damaged, read));
  DATONG_CHECK(!Read(bytes.substr(0, at), read));
}

}  // namespace

void FuzzCheckpointFile(std::string_view input) {
  ReadTwice(std::string(input));
  ReadTwice(Repaired(input));
  WriteAndDamage(InputReader(input));
  ParsePieces(input);
  PackAndParse(input);
}

}  // namespace datong::fuzz
