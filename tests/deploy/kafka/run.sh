#!/bin/sh
# A broker whose properties are the variables KAFKA_…, as in the Apache image: KAFKA_NODE_ID is node.id.
set -euf

readonly properties=/tmp/server.properties
env | sed -n 's/^KAFKA_//p' | grep -v '^HEAP_OPTS=' | while IFS= read -r line; do
  echo "$(echo "${line%%=*}" | tr 'A-Z_' 'a-z.')=${line#*=}"
done >"${properties}"
# The default of log.cleaner.dedupe.buffer.size, 128 MiB, comes out of the heap.
echo log.cleaner.dedupe.buffer.size=4194304 >>"${properties}"
readonly java="java ${KAFKA_HEAP_OPTS:-} -XX:+UseSerialGC -Dkafka.logs.dir=/tmp -cp /opt/kafka/libs/*"
# The id is any 16 bytes in Base64.
${java} kafka.tools.StorageTool format --ignore-formatted -t d2Vpci1rYWZrYS10ZXN0cw -c "${properties}"
exec ${java} kafka.Kafka "${properties}"
