#!/bin/sh
# Ten numbered lines a second into the sample job's input, until it is stopped.
number=0
while :; do
  echo "line ${number}"
  number=$((number + 1))
  sleep 0.1
done | exec /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server kafka:9092 --topic input
