// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/file_source.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "connectors/file/byte_stream.h"
#include "connectors/file/csv_reader.h"
#include "connectors/file/digested_file.h"
#include "connectors/file/dump_moment.h"
#include "connectors/file/file_kind.h"
#include "connectors/file/file_queue.h"
#include "connectors/file/json_lines_reader.h"
#include "connectors/file/resume_position.h"
#include "connectors/file/text_encoding.h"
#include "connectors/file/world_status.h"

namespace datong::file {
namespace {

constexpr size_t kPositionNameBytesMax = 3072;

bool HasEnding(const std::string& path, const std::string& ending) {
  std::string name =
      path.size() > 3 && path.compare(path.size() - 3, 3, ".gz") == 0 ? path.substr(0, path.size() - 3) : path;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
  return name.size() > ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

std::string FailureText(const sdk::Status& status) {
  return status.code() + ": " + status.message() + (status.hint().empty() ? "" : " (" + status.hint() + ")");
}

// Reads one file after the other through phases of bounded work: find it, say what it truly is, read what is stated of
// it, compare it with what an earlier run saw of it, digest it where its identity is needed at once, read what stands
// before the rows, skip to where that run stopped, read rows, digest what no row has come from.
class FileSource final : public sdk::SourceConnector {
 public:
  FileSource(FileSourceOptions options, base::FileSystem& files, base::StepObserver& observer)
      : options_(std::move(options)), files_(files), observer_(observer), queue_(options_, files) {}

  sdk::Status Open(const std::string& position) override;
  sdk::Status Read(sdk::SourceRead& into) override;
  sdk::Status Identify(std::string& identity) override;
  void Acknowledge(const std::string& position) override { (void)position; }  // files stay where they are
  void Close() override { CloseFile(); }

 private:
  enum class Phase { kFind, kCompare, kDigest, kBegin, kSkip, kRows, kEnd };

  sdk::Status CheckOptions();
  sdk::Status Find(sdk::SourceRead& into);
  sdk::Status TakeManifest();
  sdk::Status Compare();
  sdk::Status Digest();
  sdk::Status CheckStated();
  sdk::Status MakeReader();
  sdk::Status Begin(sdk::SourceRead& into);
  sdk::Status Skip();
  sdk::Status ReadRows(sdk::SourceRead& into);
  sdk::Status End(sdk::SourceRead& into);
  void Announce(sdk::SourceRead& into);
  void EndFile(sdk::SourceRead& into, std::string failure);
  void CloseFile();
  std::string PositionText(bool done) const;

  const FileSourceOptions options_;
  base::FileSystem& files_;
  base::StepObserver& observer_;
  FileQueue queue_;
  Encoding encoding_ = Encoding::kUtf8;

  Phase phase_ = Phase::kFind;
  std::optional<ResumePosition> resume_;  // inside the file at hand, until it is reached
  bool goes_on_ = false;                  // there, and the file is still the same
  std::string position_;                  // what was last reported
  std::string path_;
  std::shared_ptr<DigestedFile> file_;
  uint64_t file_bytes_ = 0;
  bool digest_first_ = false;  // its identity is needed before its first row
  std::string identity_;       // "" = not known yet
  Manifest manifest_;
  int64_t as_of_us_ = 0;
  std::optional<sdk::Status> breach_;  // why the unit fails before its first row; told once it has its identity
  std::string failure_;                // why it fails behind its last one
  std::unique_ptr<RowReader> reader_;
};

sdk::Status FileSource::CheckOptions() {
  const auto bad = [](std::string message) {
    return sdk::Status::Fail("bad_options", std::move(message), "see file_source.h");
  };
  const std::optional<Encoding> encoding = EncodingFromName(options_.encoding);
  if (!encoding) {
    return sdk::Status::Fail("bad_options", "unknown encoding \"" + options_.encoding + "\"",
                             "use utf-8, gb18030 or gbk");
  }
  encoding_ = *encoding;
  if (options_.paths.empty() == options_.directory.empty()) return bad("give either paths or a directory");
  const auto usable = [](char c) { return c > 0 && c != '\n' && c != '\r' && !(c >= '0' && c <= '9'); };
  if (options_.delimiter != '\0' && !usable(options_.delimiter))
    return bad("the delimiter must be one ASCII character, no digit");
  if (options_.quote != '\0' && (!usable(options_.quote) || (encoding_ != Encoding::kUtf8 && options_.quote >= 0x30))) {
    return bad("this quote can't be told from the second byte of a character");
  }
  if (options_.quote != '\0' && options_.quote == options_.delimiter) return bad("delimiter and quote are the same");
  if (options_.as_of_in_name && options_.manifest.as_of) return bad("as_of is both in the name and in a manifest");
  if (!options_.trailer.empty()) {
    std::string encoded;
    if (options_.format == Format::kJsonLines) return bad("JSON lines have no trailer");
    if (!TextEncoder(encoding_).Append(options_.trailer, encoded)) {
      return bad("the trailer cannot be written in " + std::string(EncodingName(encoding_)));
    }
  }
  return sdk::Status::Ok();
}

sdk::Status FileSource::Open(const std::string& position) {
  CloseFile();
  resume_.reset();
  position_ = position;
  if (const sdk::Status checked = CheckOptions(); !checked.ok()) return checked;
  std::optional<ResumePosition> parsed;
  if (!position.empty()) {
    parsed = ParsePosition(position);
    if (!parsed) {
      return sdk::Status::Fail("bad_position", "not a position of a file source: " + position.substr(0, 100),
                               "the source's name was used by another kind of connector; give this one a new name");
    }
  }
  queue_.GoOnFrom(parsed);
  if (parsed && !parsed->done) resume_ = std::move(parsed);
  return sdk::Status::Ok();
}

sdk::Status FileSource::Read(sdk::SourceRead& into) {
  observer_.Reached("source.read");
  into.position = position_;
  switch (phase_) {
    case Phase::kFind:
      return Find(into);
    case Phase::kCompare:
      return Compare();
    case Phase::kDigest:
      return Digest();
    case Phase::kBegin:
      return Begin(into);
    case Phase::kSkip:
      return Skip();
    case Phase::kRows:
      return ReadRows(into);
    case Phase::kEnd:
      return End(into);
  }
  return sdk::Status::Ok();
}

sdk::Status FileSource::Find(sdk::SourceRead& into) {
  const absl::StatusOr<std::optional<std::string>> next = queue_.Next();
  if (!next.ok()) return FromWorld(next.status());
  if (!*next) {
    into.exhausted = !queue_.watches();
    into.idle_ms = options_.watch_interval_ms;
    return sdk::Status::Ok();
  }
  path_ = **next;
  if (BaseName(path_).size() > kPositionNameBytesMax)
    return sdk::Status::Fail("bad_options", "file name too long: " + path_);
  if (resume_ && resume_->name != BaseName(path_)) resume_.reset();

  absl::StatusOr<std::unique_ptr<base::RandomAccessFile>> opened = files_.OpenRead(path_);
  if (!opened.ok()) return FromWorld(opened.status());
  const std::shared_ptr<base::RandomAccessFile> file = *std::move(opened);
  const absl::StatusOr<uint64_t> size = file->Size();
  if (!size.ok()) return FromWorld(size.status());
  file_bytes_ = *size;
  const absl::StatusOr<ForeignKind> foreign = FindForeignKind(file, path_);
  if (!foreign.ok()) return FromWorld(foreign.status());
  breach_.reset();
  manifest_ = {};
  if (!foreign->code.empty()) {
    breach_ =
        sdk::Status::Fail(foreign->code, path_ + " is " + foreign->name + ", not CSV or JSON lines", foreign->hint);
    if (!queue_.watches()) return *breach_;
  } else if (const sdk::Status taken = TakeManifest(); !taken.ok()) {
    return taken;
  }
  file_ = std::make_shared<DigestedFile>(file);
  goes_on_ = false;
  identity_.clear();
  digest_first_ = breach_ || !manifest_.sha256.empty();
  phase_ = resume_ ? Phase::kCompare : digest_first_ ? Phase::kDigest : Phase::kBegin;
  return sdk::Status::Ok();
}

// Retry: the disk did not answer, or, in a watched directory, the dump is not complete yet.
sdk::Status FileSource::TakeManifest() {
  const sdk::Status read = ReadManifest(files_, path_, options_.manifest, manifest_);
  if (read.ok() || read.retryable()) return read;
  if (queue_.watches() && read.code() == "no_manifest") {
    return sdk::Status::Retry(BaseName(path_) + " is not complete yet: " + read.message());
  }
  breach_ = read;
  return sdk::Status::Ok();
}

// What can be held against the file before its first row; fills as_of_us_.
sdk::Status FileSource::CheckStated() {
  if (breach_) return *breach_;
  as_of_us_ = manifest_.as_of_us;
  if (!manifest_.sha256.empty() && manifest_.sha256 != identity_) {
    return sdk::Status::Fail(
        "digest_mismatch",
        path_ + " has the SHA-256 " + identity_ + ", " + BaseName(path_) + ".sha256 says " + manifest_.sha256,
        "fetch both files again");
  }
  if (options_.as_of_in_name) {
    const std::optional<int64_t> moment = MomentInName(BaseName(path_));
    if (!moment) {
      return sdk::Status::Fail("no_as_of", "the name " + BaseName(path_) + " holds no date",
                               "name dumps like 2022-03-11.csv, or declare where else their date stands");
    }
    as_of_us_ = *moment;
  }
  return sdk::Status::Ok();
}

// Whether the file is the one that the position was taken in, as far as that one had been read.
sdk::Status FileSource::Compare() {
  std::string difference;
  if (resume_->bytes != 0 && resume_->bytes != file_bytes_) {
    difference = "it had " + std::to_string(resume_->bytes) + " bytes, has " + std::to_string(file_bytes_);
  } else {
    const absl::StatusOr<bool> there = file_->DigestTowards(resume_->digested);
    if (!there.ok()) return FromWorld(there.status());
    if (!*there) return sdk::Status::Ok();
    if (const std::string digest = file_->digest(); digest != resume_->sha256) {
      difference = "SHA-256 was " + resume_->sha256.substr(0, 16) + "..., is " + digest.substr(0, 16) + "...";
    }
  }
  phase_ = digest_first_ ? Phase::kDigest : Phase::kBegin;
  goes_on_ = difference.empty();
  if (goes_on_) return sdk::Status::Ok();
  const uint64_t row = resume_->place.row;
  if (options_.read_again) {
    resume_.reset();  // whoever names a file for import means it as it is now
    return sdk::Status::Ok();
  }
  phase_ = Phase::kFind;  // once the old file is back, the next Read finds it
  return sdk::Status::Fail(
      "file_changed",
      path_ + " was read up to record " + std::to_string(row) + " and is another file now (" + difference + ")",
      "put the former file back, or import the new one as a new unit");
}

sdk::Status FileSource::Digest() {
  const absl::StatusOr<bool> there = file_->DigestTowards(DigestedFile::kEnd);
  if (!there.ok()) return FromWorld(there.status());
  if (!*there) return sdk::Status::Ok();
  identity_ = file_->digest();
  file_bytes_ = file_->digested_bytes();
  phase_ = Phase::kBegin;
  return sdk::Status::Ok();
}

// file_bytes_ stays what was announced: a file that grew since fails at its end.
sdk::Status FileSource::Identify(std::string& identity) {
  const absl::StatusOr<bool> there = file_->DigestTowards(DigestedFile::kEnd);
  if (!there.ok()) return FromWorld(there.status());
  if (*there) identity = file_->digest();
  return sdk::Status::Ok();
}

sdk::Status FileSource::MakeReader() {
  absl::StatusOr<std::unique_ptr<ByteStream>> content = OpenContent(file_, path_);
  if (!content.ok()) return FromWorld(content.status());
  const bool json = options_.format == Format::kJsonLines ||
                    (options_.format == Format::kAuto &&
                     (HasEnding(path_, ".jsonl") || HasEnding(path_, ".ndjson") || HasEnding(path_, ".json")));
  if (json) {
    if (!options_.trailer.empty()) {
      return sdk::Status::Fail("bad_options", path_ + " is JSON lines, which have no trailer",
                               "take 'trailer' out of its description");
    }
    reader_ = std::make_unique<JsonLinesReader>(
        *std::move(content), [file = file_, path = path_] { return OpenContent(file, path); }, path_, options_,
        encoding_);
  } else {
    const char by_name = HasEnding(path_, ".tsv") ? '\t' : ',';
    reader_ = std::make_unique<CsvReader>(*std::move(content), path_, options_, encoding_,
                                          options_.delimiter == '\0' ? by_name : options_.delimiter);
  }
  return sdk::Status::Ok();
}

sdk::Status FileSource::Begin(sdk::SourceRead& into) {
  if (!breach_) {
    if (const sdk::Status stated = CheckStated(); !stated.ok()) breach_ = stated;
  }
  RowReader::Progress progress = RowReader::Progress::kMore;
  if (!breach_) {
    if (reader_ == nullptr) {
      if (const sdk::Status made = MakeReader(); !made.ok()) return made;
    }
    const sdk::Status begun = reader_->Begin(progress);
    if (begun.retryable()) return begun;
    if (!begun.ok()) {
      // Named files: the source stops and says why. A watched directory must not be blocked by one bad file: its unit
      // fails. So does any content that breaks off before its first row: that is not a wrong kind of file.
      if (!queue_.watches() && begun.code() != "cut_off" && begun.code() != "damaged") {
        CloseFile();
        return begun;
      }
      breach_ = begun;
    }
  }
  if (breach_ && identity_.empty()) {
    phase_ = Phase::kDigest;
  } else if (breach_) {
    Announce(into);
    EndFile(into, FailureText(*breach_));
  } else if (progress == RowReader::Progress::kDone) {
    if (resume_ && resume_->place.offset < reader_->place().offset) resume_.reset();  // taken before the first row
    phase_ = resume_ ? Phase::kSkip : Phase::kRows;
    Announce(into);
    if (!resume_) into.position = position_ = PositionText(false);
  }
  return sdk::Status::Ok();
}

sdk::Status FileSource::Skip() {
  RowReader::Progress progress;
  const sdk::Status skipped = reader_->SkipTowards(resume_->place, progress);
  if (!skipped.ok()) return skipped;
  if (progress == RowReader::Progress::kDone) {
    resume_.reset();
    phase_ = Phase::kRows;
  }
  return sdk::Status::Ok();
}

sdk::Status FileSource::ReadRows(sdk::SourceRead& into) {
  RowReader::Progress progress;
  const sdk::Status read =
      reader_->ReadRows(options_.rows_per_read_max, options_.bytes_per_read_max, into.rows, progress);
  into.unknown_columns = reader_->TakeUnknownColumns();
  into.bytes_read = reader_->stored_bytes_read();
  into.position = position_ = PositionText(false);
  if (into.rows.rows() != 0) return sdk::Status::Ok();  // an end or an error comes again with the next Read
  if (read.retryable()) return read;
  if (read.ok() && progress != RowReader::Progress::kDone) return sdk::Status::Ok();
  if (!read.ok()) failure_ = FailureText(read);
  phase_ = Phase::kEnd;
  return End(into);
}

// Bytes that no row has come from belong to the file's identity: those behind its rows, or behind a damage. A file that
// was written to while it was read has none.
sdk::Status FileSource::End(sdk::SourceRead& into) {
  const absl::StatusOr<bool> there = file_->DigestTowards(DigestedFile::kEnd);
  if (!there.ok()) return FromWorld(there.status());
  if (!*there) return sdk::Status::Ok();
  const absl::StatusOr<uint64_t> size = file_->Size();
  const bool changed = (size.ok() && *size != file_bytes_) || file_->digested_bytes() != file_bytes_;
  identity_ = changed ? "" : file_->digest();
  const uint64_t rows = reader_->place().row;
  if (failure_.empty() && changed) {
    failure_ = "file_changed: " + path_ + " was written to while it was read (give it a new name when complete)";
  } else if (failure_.empty() && manifest_.count && *manifest_.count != rows) {
    failure_ = "count_mismatch: " + path_ + " holds " + std::to_string(rows) + " rows, " + BaseName(path_) +
               ".count says " + std::to_string(*manifest_.count) + " (fetch both files again)";
  }
  EndFile(into, std::move(failure_));
  return sdk::Status::Ok();
}

void FileSource::Announce(sdk::SourceRead& into) {
  into.unit_begun.emplace();
  into.unit_begun->name = BaseName(path_);
  into.unit_begun->identity = identity_;
  into.unit_begun->goes_on = goes_on_;
  into.unit_begun->bytes_total = file_bytes_;
  into.unit_begun->as_of_us = as_of_us_;
  into.unit_begun->as_of_from_rows = options_.as_of_in_rows;
  if (reader_ != nullptr) {
    into.unit_begun->columns = reader_->columns();
    into.unit_begun->reading = reader_->reading();
  }
}

void FileSource::EndFile(sdk::SourceRead& into, std::string failure) {
  into.unit_ended = failure.empty();
  into.unit_failure = std::move(failure);
  into.identity = identity_;
  into.bytes_read = into.unit_ended ? file_bytes_ : into.bytes_read;
  into.position = position_ = PositionText(true);
  queue_.Finished();
  CloseFile();
}

void FileSource::CloseFile() {
  phase_ = Phase::kFind;
  reader_.reset();
  file_.reset();
  breach_.reset();
  failure_.clear();
  as_of_us_ = 0;
}

std::string FileSource::PositionText(bool done) const {
  ResumePosition position;
  position.done = done;
  position.index = queue_.index();
  if (reader_ != nullptr) position.place = reader_->place();
  position.bytes = file_bytes_;
  position.digested = file_->digested_bytes();
  position.sha256 = file_->digest();
  position.name = BaseName(path_);
  return FormatPosition(position);
}

}  // namespace

std::unique_ptr<sdk::SourceConnector> NewFileSource(FileSourceOptions options, base::FileSystem& files,
                                                    base::StepObserver& observer) {
  return std::make_unique<FileSource>(std::move(options), files, observer);
}

}  // namespace datong::file
