// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datong/catalog/v1/catalog.pb.h"
#include "exchange_core/base/random.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/catalog/catalog_yaml.h"

namespace datong::catalog {

// Compares what is wanted with what is and writes the difference as one change: gives numbers to new names, resolves
// names to numbers, holds the rules of change. Collects everything that is wrong. For one use.
class ChangePlanner {
 public:
  // All must outlive it. `now`: what "already over" is measured by.
  ChangePlanner(const CatalogTable& table, base::TimeUs now, base::RandomSource& random, Findings& findings);

  void Plan(const DesiredCatalog& wanted);

  // Without version, time and author. Complete only when there are no findings.
  v1::CatalogChange& change() { return change_; }
  std::vector<std::string>& summary() { return summary_; }

 private:
  // A name of the text and the number it has or gets.
  struct Named {
    uint32_t number = 0;
    bool ended = false;  // retired or revoked as of this text
    Place place;
  };

  // Numbers for every name of the text, before anything is resolved: order in the file does not matter.
  template <typename Object>
  void GiveNumbers(ObjectKind kind, const std::vector<Object>& wanted);
  const Named* FindNamed(ObjectKind kind, const std::string& name) const;
  bool LivesInTable(ObjectKind kind, uint32_t number) const;

  // The number behind a name, or 0 after saying what is wrong. Objects that are ended count only where `ended_too`
  // (what was agreed earlier may still name them).
  uint32_t Resolve(ObjectKind kind, const std::string& name, Place place, bool ended_too);
  std::vector<std::string> LiveNames(ObjectKind kind) const;

  void PlanDepartment(const DesiredDepartment& wanted, uint32_t number);
  void PlanKeyDomain(const DesiredKeyDomain& wanted, uint32_t number);
  void PlanResourceOf(const DesiredResource& wanted, uint32_t number);
  void PlanGrant(const DesiredGrant& wanted, uint32_t number);
  void PlanSubscription(const DesiredSubscription& wanted, uint32_t number);
  void PlanConnector(const DesiredConnector& wanted, uint32_t number);

  // The field numbers a grant's names stand for; nullopt after saying what is wrong or when the resource is not sound.
  std::optional<std::vector<uint32_t>> GrantedFields(const DesiredGrant& wanted, uint32_t resource,
                                                     bool granted_before);
  void RefuseChange(const Desired& wanted, std::string_view key, std::string message, std::string next,
                    std::string why);

  // Whatever ends must not be needed by what goes on.
  void CheckNothingNeedsWhatEnds();
  void CheckKafkaUsersDiffer(const std::vector<DesiredDepartment>& wanted);
  void RefuseEnd(ObjectKind kind, uint32_t number, ObjectKind by_kind, const std::string& by_name);

  void Say(ObjectKind kind, const std::string& name, const std::string& what);

  const CatalogTable& table_;
  const base::TimeUs now_;
  base::RandomSource& random_;
  Findings& findings_;
  v1::CatalogChange change_;
  std::vector<std::string> summary_;

  std::array<std::map<std::string, Named>, kObjectKinds> named_;
  std::array<std::map<uint32_t, Place>, kObjectKinds> ending_;  // alive so far, ended by this text
  std::map<uint32_t, std::optional<v1::Resource>> resources_;   // of this text; nullopt: not sound
};

}  // namespace datong::catalog
