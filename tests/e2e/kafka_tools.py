# SPDX-License-Identifier: Apache-2.0
"""Kafka's own tools and its Java client, from the jars that tests/kafka fetches: what an operator of the cluster sees and does, by
nothing of ours."""
import os
import re
import subprocess

from harness import SOURCE_DIRECTORY

JARS = os.path.join(SOURCE_DIRECTORY, "build", "kafka", os.environ.get("DATONG_KAFKA_VERSION", "3.9.1"))
JAVA = os.path.join(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else "java"


class KafkaTools:
    def __init__(self, servers):
        self.servers = servers

    def java(self, *arguments, stdin=None, seconds=180):
        """A Java program's standard output; it must end well."""
        command = [JAVA, "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                   "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", os.path.join(JARS, "*"), *arguments]
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                              timeout=seconds, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout

    def topics(self):
        listed = self.java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.servers, "--list")
        return listed.split()

    def delete_topic(self, topic):
        self.java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.servers, "--delete", "--topic", topic)

    def set(self, topic, **settings):
        words = ",".join(f"{name.replace('_', '.')}={value}" for name, value in settings.items())
        self.java("kafka.admin.ConfigCommand", "--bootstrap-server", self.servers, "--alter", "--entity-type", "topics",
                  "--entity-name", topic, "--add-config", words)

    def settings(self, topic):
        """What is set for the topic itself: {name: value}."""
        said = self.java("kafka.admin.ConfigCommand", "--bootstrap-server", self.servers, "--describe", "--entity-type", "topics",
                         "--entity-name", topic)
        return dict(re.findall(r"^  ([a-z.]+)=(\S*) sensitive=", said, re.MULTILINE))

    def ends(self, topic):
        """[end of each partition]"""
        said = self.java("org.apache.kafka.tools.GetOffsetShell", "--bootstrap-server", self.servers, "--topic", topic)
        rows = sorted((int(partition), int(end)) for partition, end in re.findall(rf"^{re.escape(topic)}:(\d+):(\d+)$", said, re.MULTILINE))
        return [end for _, end in rows]

    def drop_before(self, topic, offset, folder, partition=0):
        path = os.path.join(folder, "offsets.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'{{"version": 1, "partitions": [{{"topic": "{topic}", "partition": {partition}, "offset": {offset}}}]}}')
        self.java("org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server", self.servers, "--offset-json-file", path)

    def group(self, group):
        """{topic: (committed offset, end of the log, lag)} as kafka-consumer-groups shows it; nothing of a group that is not there."""
        said = self.java("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server", self.servers, "--describe",
                         "--group", group, "--timeout", "60000")
        if "Error:" in said and "does not exist" not in said:  # it ends well all the same
            raise AssertionError(said)
        rows = [line.split() for line in said.splitlines() if line.startswith(group + " ")]
        return {row[1]: (int(row[3]), int(row[4]), int(row[5])) for row in rows if row[3] != "-"}
