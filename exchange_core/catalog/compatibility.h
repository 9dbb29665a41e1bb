// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace datong::catalog::v1 {
class Resource;
}

namespace datong::catalog {

// A change of a resource that what is already stored, sent or granted does not survive.
struct Incompatibility {
  std::string item;     // whose change it is; empty: the resource's own
  std::string key;      // the YAML key that says it: "type", "partitions", ...; "items" where an item is gone
  std::string message;  // what
  std::string why;
  std::string next;  // what to do instead
};

// All of them; empty: `after` may follow `before`. Renaming is removing and adding, so it is found as a removal.
std::vector<Incompatibility> FindIncompatibilities(const v1::Resource& before, const v1::Resource& after);

// Whether the compiled schema differs, which needs a new schema version. Titles are for people and do not count.
bool SchemaDiffers(const v1::Resource& before, const v1::Resource& after);

}  // namespace datong::catalog
