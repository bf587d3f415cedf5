#!/bin/sh
# Kafka's own command line tools, by the name this is called by.
case "$(basename "$0")" in
  kafka-topics.sh) class=org.apache.kafka.tools.TopicCommand ;;
  kafka-console-producer.sh) class=org.apache.kafka.tools.ConsoleProducer ;;
  kafka-console-consumer.sh) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
  *)
    echo "$0: unknown tool" >&2
    exit 2
    ;;
esac
# Its own log would be among the records that it prints.
exec java -Dlog4j2.level=OFF -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '/opt/kafka/libs/*' "${class}" "$@"
