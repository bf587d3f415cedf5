#!/bin/sh
# Ten numbered lines a second into the sample job's input, until it is stopped.
# The first process of a container: the kernel passes no signal on to it that it has no trap for, and a shell runs none
# before what it waits for in the foreground has ended.
trap 'exit 0' TERM INT
number=0
while :; do
  echo "line ${number}"
  number=$((number + 1))
  sleep 0.1
done | /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server kafka:9092 --topic input &
wait
