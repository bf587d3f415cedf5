#!/bin/sh
# Makes the topics of the sample job, as soon as the broker answers. Exit code 1: it did not within a minute.
set -u

for topic in input output; do
  attempts=30
  until /opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:9092 --create --if-not-exists --topic "${topic}" \
    --partitions 4; do
    attempts=$((attempts - 1))
    if [ "${attempts}" -eq 0 ]; then
      echo "topics: the broker kafka:9092 made no topic ${topic}" >&2
      exit 1
    fi
    sleep 2
  done
done
