// SPDX-License-Identifier: Apache-2.0
// A reading of a dump publishes every row of it once and nothing else, however often its source died on the way, and in
// the end every dump has been read to its end.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <set>
#include <tuple>

#include "tests/simulation/judges/judge.h"

namespace datong::simulation {
namespace {

// What the topics hold of one run.
struct Published {
  std::vector<bool> rows;  // [row]: seen
  uint64_t count = 0;
  std::map<uint32_t, uint64_t> last_rows;  // by partition
};

class RowJudge {
 public:
  explicit RowJudge(const Evidence& evidence) : evidence_(evidence), catalog_(evidence.exchange.catalog()) {
    for (node::RunBooks& run : evidence.exchange.runs()) runs_[run.run] = std::move(run);
  }

  Judgement Judge() {
    for (const auto& [place, partition] : evidence_.witness.partitions()) {
      if (!absl::StartsWith(place.first, "pub.")) continue;
      for (const Witness::Message& message : partition.messages) TakeMessage(place.first, place.second, message);
    }
    for (const auto& [number, run] : runs_) CompareRun(run, published_[number]);
    if (evidence_.settled) LookForUnread();
    return std::move(judgement_);
  }

 private:
  static std::string Name(const node::RunBooks& run) {
    return absl::StrCat("run ", run.run, " (", run.resource, ", ", run.source, ", ", run.name, ")");
  }
  const Dump* DumpOf(const node::RunBooks& run) const {
    return evidence_.departments.Find(run.resource, run.name, run.identity);
  }

  void TakeMessage(const std::string& topic, uint32_t partition, const Witness::Message& message) {
    if (!message.problem.empty() || message.is_mark)
      return;  // of the one the witness complained, the other has no rows
    const auto place = [&] { return absl::StrCat(topic, "/", partition, " position ", message.position); };
    const auto found = runs_.find(message.run);
    if (found == runs_.end()) {
      judgement_.Complain(absl::StrCat(place(), ": published by run ", message.run, ", which nobody began"));
      return;
    }
    const node::RunBooks& run = found->second;
    const catalog::Resource* resource = catalog_->FindResource(run.resource);
    if (resource != nullptr && resource->publish_topic() != topic) {
      judgement_.Complain(absl::StrCat(place(), ": published by ", Name(run), ", which reads for another resource"));
    }
    const Dump* dump = DumpOf(run);
    Published& published = published_[run.run];
    uint64_t& last_row = published.last_rows[partition];
    for (const Witness::SeenRecord& record : message.records) {
      ++judgement_.looked_at;
      if (record.file != run.name || record.file_sequence != run.file_sequence) {
        judgement_.Complain(absl::StrCat(place(), ": row ", record.row, " says it is of file ", record.file, " (",
                                         record.file_sequence, "), but ", Name(run), " reads file ", run.name, " (",
                                         run.file_sequence, ")"));
      }
      if (record.row <= last_row) {
        judgement_.Complain(
            absl::StrCat(place(), ": row ", record.row, " of ", Name(run), " comes behind row ", last_row));
      }
      last_row = record.row;
      TakeRow(place, run, dump, record, published);
    }
  }

  template <typename Place>
  void TakeRow(const Place& place, const node::RunBooks& run, const Dump* dump, const Witness::SeenRecord& record,
               Published& published) {
    ++published.count;
    if (dump == nullptr) return;  // said once per run
    if (record.row == 0 || record.row > dump->rows.size()) {
      judgement_.Complain(absl::StrCat(place(), ": row ", record.row, " of ", Name(run), ", whose dump has ",
                                       dump->rows.size(), " rows"));
      return;
    }
    published.rows.resize(dump->rows.size() + 1);
    if (published.rows[record.row]) {
      judgement_.Complain(absl::StrCat(place(), ": row ", record.row, " of ", Name(run), " is published twice"));
    }
    published.rows[record.row] = true;
    const Row& row = dump->rows[record.row - 1];
    if (!row.defective && row.is_delete != (record.operation == record::Operation::kDelete)) {
      judgement_.Complain(absl::StrCat(
          place(), ": row ", record.row, " of ", Name(run),
          row.is_delete ? " is a delete and is published as a record" : " is no delete and is published as one"));
    }
  }

  void CompareRun(const node::RunBooks& run, const Published& published) {
    if (run.rows_published != published.count) {
      judgement_.Complain(absl::StrCat(Name(run), " says that it published ", run.rows_published,
                                       " rows; the topics hold ", published.count));
    }
    const Dump* dump = DumpOf(run);
    if (dump == nullptr) {
      judgement_.Complain(absl::StrCat(Name(run), " reads content that nobody wrote: ", run.identity));
    } else if (dump->cut_off && run.state != node::RunBooks::State::kReceiving) {
      complete_.emplace(run.resource, run.name, dump->identity);  // as far as it goes
      if (run.state != node::RunBooks::State::kFailed) {
        judgement_.Complain(absl::StrCat(Name(run), " was cut off, and did not fail"));
      }
    } else if (run.state == node::RunBooks::State::kComplete || run.state == node::RunBooks::State::kHeld) {
      complete_.emplace(run.resource, run.name, run.identity);  // its end tells it
      for (uint64_t row = 1; row <= dump->rows.size(); ++row) {
        if (row < published.rows.size() && published.rows[row]) continue;
        judgement_.Complain(
            absl::StrCat(Name(run), " is complete, but row ", row, " of ", dump->rows.size(), " was never published"));
        break;
      }
    }
  }

  // A file that another of the same name replaced before its source came to it was read by nobody, and rightly so.
  void LookForUnread() {
    std::map<std::tuple<std::string, std::string, std::string>, const Dump*> last;  // by resource, source, name
    for (const Dump& dump : evidence_.departments.dumps) last[{dump.resource, dump.source, dump.name}] = &dump;
    for (const auto& [place, dump] : last) {
      if (catalog_->FindResource(dump->resource) == nullptr) continue;
      ++judgement_.looked_at;
      if (complete_.contains({dump->resource, dump->name, dump->identity})) continue;
      judgement_.Complain(absl::StrCat("dump ", dump->name, " of ", dump->source, " (", dump->resource, ", ",
                                       dump->rows.size(), " rows) was never read to its end"));
    }
  }

  const Evidence& evidence_;
  const std::shared_ptr<const catalog::CatalogTable> catalog_;
  std::map<uint64_t, node::RunBooks> runs_;
  std::map<uint64_t, Published> published_;                               // by run
  std::set<std::tuple<std::string, std::string, std::string>> complete_;  // resource, name, identity
  Judgement judgement_;
};

}  // namespace

Judgement EveryRowIsPublishedOnce(const Evidence& evidence) { return RowJudge(evidence).Judge(); }

}  // namespace datong::simulation
