// SPDX-License-Identifier: Apache-2.0
#include "cli/credentials.h"

#include <cstdlib>
#include <string_view>

#include "cli/engine_choice.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/absl_view.h"

namespace datong::cli {
namespace {

constexpr std::string_view kVariable = "$CREDENTIALS_DIRECTORY/";

std::string Expanded(const std::string& value) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || !value.starts_with(kVariable)) return value;
  return std::string(directory) + "/" + value.substr(kVariable.size());
}

}  // namespace

std::string SecretPath(const std::string& named, const std::string& file) {
  std::string path = Expanded(named);
  if (path.empty() || path.front() == '/' || path.front() == '$') return path;
  const size_t slash = file.find_last_of('/');
  return slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadSecretProperties(base::FileSystem& files,
                                                                                      const std::string& path) {
  auto properties = ReadProperties(files, path);
  if (absl::IsNotFound(properties.status()) || absl::IsPermissionDenied(properties.status())) {
    const bool unset = path.starts_with(kVariable);
    return admin::ToStatus(
        {.code = admin::Code::kDenied,
         .what = "the file with the Kafka properties cannot be read",
         .where = path,
         .why = unset ? "CREDENTIALS_DIRECTORY is not set" : std::string(base::Std(properties.status().message())),
         .next = unset ? "start it from a service with LoadCredential=, or name the file by its path"
                       : "say in kafka_config where it is, and let the user that runs this program read it"});
  }
  if (!properties.ok()) return properties.status();
  for (auto& [name, value] : *properties) value = Expanded(value);
  return properties;
}

}  // namespace datong::cli
