// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/catalog_frontend.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "datong/catalog/v1/catalog.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/change_planner.h"

namespace datong::catalog {
namespace {

constexpr char kMagic[5] = "DTCC";
constexpr uint16_t kVersion = 1;

// Options are a map, which protobuf writes in any order unless told: equal changes shall be equal bytes.
std::string Serialize(const v1::CatalogChange& change) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    DATONG_CHECK(change.SerializeToCodedStream(&coded));
  }
  return bytes;
}

bool IsEmpty(const v1::CatalogChange& change) {
  return change.departments().empty() && change.key_domains().empty() && change.resources().empty() &&
         change.grants().empty() && change.subscriptions().empty() && change.connectors().empty();
}

}  // namespace

PlannedChange PlanChange(std::string_view yaml, const CatalogTable& table, base::TimeUs now,
                         const std::string& applied_by, base::RandomSource& random) {
  Findings findings;
  const DesiredCatalog wanted = ReadCatalog(yaml, findings);
  ChangePlanner planner(table, now, random, findings);
  if (wanted.document != nullptr) planner.Plan(wanted);

  PlannedChange planned;
  v1::CatalogChange& change = planner.change();
  change.set_version(table.version() + 1);
  change.set_applied_time(now);
  change.set_applied_by(applied_by);
  if (findings.empty() && !IsEmpty(change)) {
    CatalogTable trial = table;
    const absl::Status applied = trial.Apply(change);
    DATONG_CHECK(applied.ok());
    planned.framed_change = base::Frame(kMagic, kVersion, Serialize(change));
    if (planned.framed_change.size() > base::kBatchBytesMax) {
      findings.Add({1, 1, 1}, "too_large",
                   "the change has " + std::to_string(planned.framed_change.size()) + " bytes, more than " +
                       std::to_string(base::kBatchBytesMax),
                   "split the file: objects not named in a file stay as they are");
      planned.framed_change.clear();
    }
  }
  if (findings.empty()) planned.summary = std::move(planner.summary());
  planned.findings = findings.TakeInTextOrder();
  return planned;
}

absl::Status ApplyFramed(std::string_view framed, CatalogTable& table) {
  ASSIGN_OR_RETURN(const std::string_view body, base::Unframe(kMagic, kVersion, "catalog change", framed));
  v1::CatalogChange change;
  if (body.size() > base::kBatchBytesMax || !change.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return absl::DataLossError("catalog change: the bytes behind its start are damaged; restore the catalog topic");
  }
  return table.Apply(change);
}

}  // namespace datong::catalog
