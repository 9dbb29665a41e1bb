// SPDX-License-Identifier: Apache-2.0
// A program of a department's, with its own password and nothing of Datong: tries one thing on a cluster and says what
// came of it, "OK" or the cluster's name for the refusal.
//
//   kafka_client SERVERS PROPERTIES write TOPIC [VALUE]     one message into partition 0
//   kafka_client SERVERS PROPERTIES read TOPIC              to the end of partition 0; "OK 12" messages
//   kafka_client SERVERS PROPERTIES commit GROUP TOPIC      that the group has read nothing yet
//   kafka_client SERVERS PROPERTIES begin TRANSACTIONAL-ID  takes the id for itself
//   kafka_client SERVERS PROPERTIES keep-writing TOPIC      says OK once, goes on with the same connections, and ends
//   kafka_client SERVERS PROPERTIES keep-reading TOPIC      with the refusal
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

namespace {

constexpr int kWaitMs = 20'000;
constexpr int kTurns = 600;  // of 100 ms

rd_kafka_conf_t* ConfOf(const std::string& servers, const std::string& path) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  char why[512];
  rd_kafka_conf_set(conf, "bootstrap.servers", servers.c_str(), why, sizeof why);
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    if (rd_kafka_conf_set(conf, line.substr(0, equals).c_str(), line.substr(equals + 3).c_str(), why, sizeof why) !=
        RD_KAFKA_CONF_OK) {
      std::fprintf(stderr, "%s\n", why);
    }
  }
  return conf;
}

rd_kafka_t* Client(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char why[512];
  rd_kafka_t* const client = rd_kafka_new(type, conf, why, sizeof why);
  if (client == nullptr) std::fprintf(stderr, "%s\n", why);
  return client;
}

const char* NameOf(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_NO_ERROR ? "OK" : rd_kafka_err2name(error);
}

void Delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  *static_cast<rd_kafka_resp_err_t*>(opaque) = message->err;
}

rd_kafka_resp_err_t Write(rd_kafka_t* client, const std::string& topic, const std::string& value,
                          rd_kafka_resp_err_t& delivered) {
  delivered = RD_KAFKA_RESP_ERR__TIMED_OUT;
  const auto sent = rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                                      RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  if (sent != RD_KAFKA_RESP_ERR_NO_ERROR) return sent;
  rd_kafka_flush(client, kWaitMs);
  return delivered;
}

int WriteOnce(rd_kafka_conf_t* conf, const std::string& topic, const std::string& value, bool keep) {
  rd_kafka_resp_err_t delivered;
  char why[512];
  rd_kafka_conf_set(conf, "message.timeout.ms", "15000", why, sizeof why);
  rd_kafka_conf_set_opaque(conf, &delivered);
  rd_kafka_conf_set_dr_msg_cb(conf, Delivered);
  rd_kafka_t* const client = Client(RD_KAFKA_PRODUCER, conf);
  if (client == nullptr) return 2;
  rd_kafka_resp_err_t said = Write(client, topic, value, delivered);
  std::printf("%s\n", NameOf(said));
  std::fflush(stdout);
  for (int turn = 0; keep && said == RD_KAFKA_RESP_ERR_NO_ERROR && turn < kTurns; ++turn) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    said = Write(client, topic, value, delivered);
  }
  if (keep) std::printf("%s\n", NameOf(said));
  rd_kafka_destroy(client);
  return 0;
}

// A consumer hears nothing of a topic whose very existence is kept from it: the cluster is asked. Whether it may be
// read only reading tells.
rd_kafka_resp_err_t AskForTopic(rd_kafka_t* client, rd_kafka_topic_t* topic) {
  const rd_kafka_metadata_t* answer = nullptr;
  rd_kafka_resp_err_t said = rd_kafka_metadata(client, 0, topic, &answer, kWaitMs);
  if (said != RD_KAFKA_RESP_ERR_NO_ERROR) return said;
  if (answer->topic_cnt == 1) said = answer->topics[0].err;
  rd_kafka_metadata_destroy(answer);
  return said;
}

// Messages up to the end, or what was refused.
rd_kafka_resp_err_t ReadToEnd(rd_kafka_topic_t* topic, int& messages) {
  for (int turn = 0; turn < kTurns;) {
    rd_kafka_message_t* const message = rd_kafka_consume(topic, 0, 100);
    if (message == nullptr) {
      ++turn;
      continue;
    }
    const rd_kafka_resp_err_t error = message->err;
    rd_kafka_message_destroy(message);
    if (error == RD_KAFKA_RESP_ERR__PARTITION_EOF) return RD_KAFKA_RESP_ERR_NO_ERROR;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
    ++messages;
  }
  return RD_KAFKA_RESP_ERR__TIMED_OUT;
}

// Without a group: what a group may do is another question.
int Read(rd_kafka_conf_t* conf, const std::string& name, bool keep) {
  char why[512];
  rd_kafka_conf_set(conf, "enable.partition.eof", "true", why, sizeof why);
  rd_kafka_t* const client = Client(RD_KAFKA_CONSUMER, conf);
  if (client == nullptr) return 2;
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(client, name.c_str(), nullptr);
  rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_BEGINNING);
  int messages = 0;
  rd_kafka_resp_err_t said = AskForTopic(client, topic);
  if (said == RD_KAFKA_RESP_ERR_NO_ERROR) said = ReadToEnd(topic, messages);
  std::printf("%s %d\n", NameOf(said), messages);
  std::fflush(stdout);
  // At the end nothing is said until something new comes or the cluster refuses.
  while (keep && said == RD_KAFKA_RESP_ERR_NO_ERROR) said = ReadToEnd(topic, messages);
  if (keep) std::printf("%s %d\n", NameOf(said), messages);
  rd_kafka_consume_stop(topic, 0);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return 0;
}

// While the client does not know who keeps the group's offsets it says only that it waits; why, it tells a reader.
rd_kafka_resp_err_t WhyItWaits(rd_kafka_t* client) {
  for (int turn = 0; turn < kTurns; ++turn) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(client, 100);
    if (message == nullptr) continue;
    const rd_kafka_resp_err_t error = message->err;
    rd_kafka_message_destroy(message);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
  }
  return RD_KAFKA_RESP_ERR__WAIT_COORD;
}

int Commit(rd_kafka_conf_t* conf, const std::string& group, const std::string& topic) {
  char why[512];
  rd_kafka_conf_set(conf, "group.id", group.c_str(), why, sizeof why);
  rd_kafka_t* const client = Client(RD_KAFKA_CONSUMER, conf);
  if (client == nullptr) return 2;
  rd_kafka_topic_partition_list_t* const offsets = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(offsets, topic.c_str(), 0)->offset = 0;
  rd_kafka_resp_err_t said = rd_kafka_commit(client, offsets, 0);
  if (said == RD_KAFKA_RESP_ERR_NO_ERROR) said = offsets->elems[0].err;
  if (said == RD_KAFKA_RESP_ERR__WAIT_COORD) said = WhyItWaits(client);
  std::printf("%s\n", NameOf(said));
  rd_kafka_topic_partition_list_destroy(offsets);
  rd_kafka_destroy(client);
  return 0;
}

int Begin(rd_kafka_conf_t* conf, const std::string& transactional_id) {
  char why[512];
  rd_kafka_conf_set(conf, "transactional.id", transactional_id.c_str(), why, sizeof why);
  rd_kafka_t* const client = Client(RD_KAFKA_PRODUCER, conf);
  if (client == nullptr) return 2;
  rd_kafka_error_t* const error = rd_kafka_init_transactions(client, kWaitMs);
  std::printf("%s\n", error == nullptr ? "OK" : rd_kafka_error_name(error));
  if (error != nullptr) rd_kafka_error_destroy(error);
  rd_kafka_destroy(client);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 5) return 2;
  const std::string what = words[3], name = words[4], more = count > 5 ? words[5] : "";
  rd_kafka_conf_t* const conf = ConfOf(words[1], words[2]);
  if (what == "write") return WriteOnce(conf, name, more.empty() ? "a foreign message" : more, false);
  if (what == "keep-writing") return WriteOnce(conf, name, "a foreign message", true);
  if (what == "read") return Read(conf, name, false);
  if (what == "keep-reading") return Read(conf, name, true);
  if (what == "commit") return Commit(conf, name, more);
  if (what == "begin") return Begin(conf, name);
  return 2;
}
