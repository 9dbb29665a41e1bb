// SPDX-License-Identifier: Apache-2.0
// A department's program, written against Kafka's own Java client and nothing of ours.
//
//     java -cp JARS/* StreamReader.java SERVERS read TOPIC read_committed|read_uncommitted
//         prints every message of the topic's one partition, up to its present end, as
//         OFFSET key=BASE64 value=BASE64 header.NAME=BASE64 ...        (a key or value that is null is left out)
//     java -cp JARS/* StreamReader.java SERVERS abort TOPIC COUNT
//         writes COUNT messages in a transaction, waits until they lie in the log, and aborts it

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class StreamReader {
  public static void main(String[] words) throws Exception {
    if (words[1].equals("read")) {
      read(words[0], words[2], words[3]);
    } else {
      abort(words[0], words[2], Integer.parseInt(words[3]));
    }
  }

  static void read(String servers, String topic, String isolation) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", servers);
    properties.put("isolation.level", isolation);
    properties.put("enable.auto.commit", "false");
    properties.put("key.deserializer", ByteArrayDeserializer.class.getName());
    properties.put("value.deserializer", ByteArrayDeserializer.class.getName());
    StringBuilder out = new StringBuilder();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties)) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          out.append(record.offset());
          if (record.key() != null) out.append(" key=").append(text(record.key()));
          if (record.value() != null) out.append(" value=").append(text(record.value()));
          for (Header header : record.headers()) {
            out.append(" header.").append(header.key()).append('=').append(text(header.value()));
          }
          out.append('\n');
        }
      }
    }
    System.out.print(out);
  }

  static String text(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  static void abort(String servers, String topic, int count) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", servers);
    properties.put("transactional.id", "a-stranger");
    properties.put("key.serializer", ByteArraySerializer.class.getName());
    properties.put("value.serializer", ByteArraySerializer.class.getName());
    byte[] bytes = "never committed".getBytes(StandardCharsets.UTF_8);
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties)) {
      producer.initTransactions();
      producer.beginTransaction();
      for (int i = 0; i < count; ++i) producer.send(new ProducerRecord<>(topic, bytes, bytes)).get();
      producer.abortTransaction();
    }
  }
}
