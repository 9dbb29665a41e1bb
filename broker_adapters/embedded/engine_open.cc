// SPDX-License-Identifier: Apache-2.0
// What a start checks, and what it cuts: in that order, so that a directory that lost something stays as it was found.
#include <absl/strings/str_cat.h>
#include <rocksdb/db.h>

#include <map>

#include "broker_adapters/embedded/closing_seal.h"
#include "broker_adapters/embedded/embedded_engine.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/storage/rocksdb_opener.h"

namespace datong::embedded {
namespace {

constexpr char kEngineMagic[5] = "DTEE";
constexpr uint16_t kEngineFormatVersion = 1;
constexpr uint64_t kEngineFileBytesMax = 4096;

absl::Status InRows(const std::string& path, std::string_view key, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(path, ", row ", base::Absl(key.substr(0, 1)), ": ", status.message()));
}

}  // namespace

absl::Status EmbeddedEngine::Open() {
  bool fresh = false;
  RETURN_IF_ERROR(PrepareDirectory(fresh));
  RETURN_IF_ERROR(BreakClosingSeal());
  storage::RowStoreOptions row_store;
  row_store.directory = PathOf("rows");
  row_store.files = options_.files;
  row_store.clock = options_.clock;
  row_store.background = options_.background;
  row_store.create_if_missing = fresh;
  row_store.memtable_bytes = options_.memtable_bytes;
  ASSIGN_OR_RETURN(rows_, storage::OpenRowStore(row_store));
  RETURN_IF_ERROR(LoadRows());
  RETURN_IF_ERROR(RecoverSegments(fresh));
  if (fresh) {
    // The name of the rows before the name that says they are there: in one sync, either could come first.
    RETURN_IF_ERROR(options_.files->SyncDirectory(options_.directory));
    // Written last: a directory without it was never finished and may be begun again.
    RETURN_IF_ERROR(base::WriteWholeFileAtomically(*options_.files, PathOf("ENGINE"),
                                                   base::Frame(kEngineMagic, kEngineFormatVersion, "")));
  }
  opened_ = true;
  return absl::OkStatus();
}

// The seal is true only until the row store is opened, which writes.
absl::Status EmbeddedEngine::BreakClosingSeal() {
  RETURN_IF_ERROR(CheckClosingSeal(*options_.files, PathOf("CLOSED"), PathOf("rows")));
  const absl::Status removed = options_.files->Remove(PathOf("CLOSED"));
  if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  // Also when it is gone already: a start that was killed here may have removed it and not made that safe, and a power
  // cut would bring back a seal of files that are no more.
  return options_.files->SyncDirectory(options_.directory);
}

absl::Status EmbeddedEngine::PrepareDirectory(bool& fresh) {
  base::FileSystem& files = *options_.files;
  RETURN_IF_ERROR(files.MakeDirectories(PathOf("segments")));
  auto lock = files.Lock(PathOf("LOCK"));
  if (absl::IsFailedPrecondition(lock.status())) {
    return absl::FailedPreconditionError(absl::StrCat(options_.directory, " is in use: ", lock.status().message(),
                                                      ". Stop that process, or use another directory"));
  }
  if (!lock.ok()) return lock.status();
  lock_ = *std::move(lock);

  ASSIGN_OR_RETURN(const bool known, files.Exists(PathOf("ENGINE")));
  fresh = !known;
  if (fresh) return base::SyncWayTo(files, options_.directory);
  ASSIGN_OR_RETURN(const std::string engine, base::ReadWholeFile(files, PathOf("ENGINE"), kEngineFileBytesMax));
  const auto body = base::Unframe(kEngineMagic, kEngineFormatVersion, "embedded engine directory", engine);
  if (body.ok() && body->empty()) return absl::OkStatus();
  const auto code =
      absl::IsUnimplemented(body.status()) ? absl::StatusCode::kUnimplemented : absl::StatusCode::kDataLoss;
  return absl::Status(code, absl::StrCat(PathOf("ENGINE"), ", offset 0: ",
                                         body.ok() ? "more bytes than were ever written" : body.status().message()));
}

absl::Status EmbeddedEngine::ForEachRow(char letter,
                                        const std::function<absl::Status(std::string_view, std::string_view)>& use) {
  const std::string prefix(1, letter);
  const std::unique_ptr<rocksdb::Iterator> row(rows_->NewIterator(rocksdb::ReadOptions()));
  for (row->Seek(prefix); row->Valid() && row->key().starts_with(prefix); row->Next()) {
    RETURN_IF_ERROR(InRows(PathOf("rows"), prefix, use(row->key().ToStringView(), row->value().ToStringView())));
  }
  return storage::FromRocksDb(row->status(), PathOf("rows"));
}

absl::Status EmbeddedEngine::LoadRows() {
  RETURN_IF_ERROR(ForEachRow('C', [&](std::string_view, std::string_view value) { return Decode(value, commit_); }));
  absl::flat_hash_map<uint32_t, TopicState*> by_id;
  const auto load_topic = [&](std::string_view key, std::string_view value) -> absl::Status {
    TopicRow row;
    RETURN_IF_ERROR(Decode(value, row));
    auto state = std::make_unique<TopicState>();
    state->name = std::string(key.substr(1));
    state->id = row.id;
    state->options = row.options;
    state->partitions.resize(row.options.partitions);
    by_id[row.id] = state.get();
    topics_[state->name] = std::move(state);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(ForEachRow('T', load_topic));
  // Found through the topics, not by parsing keys: every partition of every topic has one key, and a row may be missing
  // only where nothing was ever appended.
  for (const auto& [id, topic] : by_id) {
    for (uint32_t partition = 0; partition < topic->partitions.size(); ++partition) {
      std::string value;
      const rocksdb::Status got = rows_->Get(rocksdb::ReadOptions(), PartitionKey(id, partition), &value);
      if (got.IsNotFound()) continue;
      RETURN_IF_ERROR(storage::FromRocksDb(got, PathOf("rows")));
      RETURN_IF_ERROR(InRows(PathOf("rows"), "P", Decode(value, topic->partitions[partition])));
    }
  }
  RETURN_IF_ERROR(ForEachRow('G', [&](std::string_view key, std::string_view value) {
    return Decode(value, group_positions_[std::string(key)]);
  }));
  return ForEachRow('W', [&](std::string_view key, std::string_view value) {
    return Decode(value, writer_epochs_[std::string(key.substr(1))]);
  });
}

absl::Status EmbeddedEngine::RecoverSegments(bool fresh) {
  std::map<uint32_t, SegmentState> committed[3];
  RETURN_IF_ERROR(ForEachRow('S', [&](std::string_view key, std::string_view value) -> absl::Status {
    broker::TopicKind kind;
    uint32_t number = 0;
    if (!ParseSegmentKey(key, kind, number)) return absl::DataLossError("a segment row of an unknown kind");
    return Decode(value, committed[static_cast<size_t>(kind) - 1][number]);
  }));
  std::vector<uint32_t> present[3];
  ASSIGN_OR_RETURN(const std::vector<std::string> names, options_.files->List(PathOf("segments")));
  for (const std::string& name : names) {
    broker::TopicKind kind;
    uint32_t number = 0;
    if (ParseSegmentFileName(name, kind, number)) present[static_cast<size_t>(kind) - 1].push_back(number);
  }
  // Nothing was ever committed in a directory that was not finished.
  if (fresh && (commit_.sequence != 0 || !topics_.empty() || !writer_epochs_.empty() || !names.empty())) {
    return absl::DataLossError(
        absl::StrCat(PathOf("ENGINE"), ", offset 0: missing, but the directory holds data. Restore it"));
  }
  for (size_t i = 0; i < 3; ++i) {
    segments_[i] = std::make_unique<SegmentSequence>(*options_.files, PathOf("segments"), kTopicKinds[i],
                                                     options_.segment_bytes_max, synced());
    RETURN_IF_ERROR(
        segments_[i]->Recover(std::move(committed[i]), commit_.next_segment[i], present[i], commit_.sequence));
  }
  segment_reader_ = std::make_unique<SegmentReader>(*options_.files, PathOf("segments"));
  return absl::OkStatus();
}

void EmbeddedEngine::CloseInOrder() {
  for (auto& segments : segments_) segments.reset();
  if (rows_ == nullptr) return;
  const bool closed = rows_->Close().ok();
  rows_.reset();
  // Without the seal the next start treats this end like a crash, which loses nothing: so an error here is none.
  if (opened_ && closed && Broken().ok()) {
    WriteClosingSeal(*options_.files, PathOf("CLOSED"), PathOf("rows")).IgnoreError();
  }
}

}  // namespace datong::embedded
