// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/machine.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace datong::benchmarks {
namespace {

std::string CpuModel() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

// A line of mountinfo: number, parent, major:minor, root, place, options, optional fields, "-", type, source, ...
void DescribeDisk(const std::string& directory, Machine& machine) {
  machine.disk = "unknown";
  struct stat status {};
  if (stat(directory.c_str(), &status) != 0) return;
  const std::string device = absl::StrCat(major(status.st_dev), ":", minor(status.st_dev));
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string number, parent, at, word, type, source;
    words >> number >> parent >> at;
    if (at != device) continue;
    while (words >> word && word != "-") {
    }
    words >> type >> source;
    machine.disk = absl::StrCat(source, " (", type, ")");
    machine.disk_is_memory = type == "tmpfs" || type == "ramfs";
    return;
  }
}

}  // namespace

std::string LoadAverage() {
  double load[3];
  if (getloadavg(load, 3) != 3) return "unknown";
  std::ostringstream text;
  text.precision(2);
  text << std::fixed << load[0] << " " << load[1] << " " << load[2];
  return text.str();
}

Machine DescribeMachine(const std::string& directory) {
  Machine machine;
  machine.cpu = CpuModel();
  machine.cores = std::thread::hardware_concurrency();
  machine.memory_bytes =
      static_cast<unsigned long long>(sysconf(_SC_PHYS_PAGES)) * static_cast<unsigned long long>(sysconf(_SC_PAGESIZE));
  utsname system{};
  if (uname(&system) == 0) machine.kernel = absl::StrCat(system.sysname, " ", system.release);
  DescribeDisk(directory, machine);
  machine.load = LoadAverage();
  return machine;
}

}  // namespace datong::benchmarks
