#!/bin/sh
# A broker whose properties are the variables KAFKA_…, as in the Apache image: KAFKA_NODE_ID is node.id.
set -euf

readonly properties=/tmp/server.properties
env | sed -n 's/^KAFKA_//p' | grep -v '^HEAP_OPTS=' | while IFS= read -r line; do
  echo "$(echo "${line%%=*}" | tr 'A-Z_' 'a-z.')=${line#*=}"
done >"${properties}"
# The default of log.cleaner.dedupe.buffer.size, 128 MiB, comes out of the heap.
cat >>"${properties}" <<'PROPERTIES'
log.dirs=/tmp/kafka
log.cleaner.dedupe.buffer.size=4194304
PROPERTIES
readonly java="java ${KAFKA_HEAP_OPTS:-} -XX:+UseSerialGC -Dkafka.logs.dir=/tmp -cp /opt/kafka/libs/*"
if [ ! -d /tmp/kafka ]; then
  # Any 16 bytes in Base64.
  ${java} kafka.tools.StorageTool format -t d2Vpci1rYWZrYS10ZXN0cw -c "${properties}"
fi
exec ${java} kafka.Kafka "${properties}"
