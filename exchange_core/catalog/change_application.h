// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>

#include "datong/catalog/v1/catalog.pb.h"
#include "exchange_core/catalog/catalog_table.h"

namespace datong::catalog {

// Applies one change to a table, entry by entry, from what others name to what names others. Trusts nothing: changes
// come from a topic. After an error the table is half changed, so it works on a copy (CatalogTable::Apply).
class ChangeApplication {
 public:
  explicit ChangeApplication(CatalogTable& table) : table_(table) {}
  absl::Status Run(const v1::CatalogChange& change);

 private:
  // Known names keep their number, new names bring a number never given.
  absl::Status Claim(ObjectKind kind, uint32_t id, const std::string& name);

  absl::Status Take(const v1::Department& entry);
  absl::Status Take(const v1::KeyDomain& entry);
  absl::Status Take(const v1::Resource& entry);
  absl::Status Take(const v1::Grant& entry);
  absl::Status Take(const v1::Subscription& entry);
  absl::Status Take(const v1::Connector& entry);
  // Nothing that lives names what does not.
  absl::Status CheckReferences() const;

  uint32_t ViewFor(const Grant& grant, DeliveryForm form);
  void RefreshActive();

  CatalogTable& table_;
};

}  // namespace datong::catalog
