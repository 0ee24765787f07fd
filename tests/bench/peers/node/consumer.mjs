// sqs-consumer as its documentation shows it: batches of ten, several instances for concurrency.
import { SQSClient } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import { Agent, request } from "undici";

const { CONCURRENCY, FUNCTION_URL, QUEUE_URL } = process.env;
const concurrency = Number(CONCURRENCY);
const dispatcher = new Agent({ connections: concurrency });
const sqs = new SQSClient({});

async function handle(message) {
  const answer = await request(FUNCTION_URL, {
    dispatcher,
    method: "POST",
    headers: { "x-correlation-id": message.MessageId },
    body: message.Body,
  });
  await answer.body.dump();
  if (answer.statusCode >= 300) throw new Error(`status ${answer.statusCode}`);
}

for (let n = 0; n < Math.ceil(concurrency / 10); n++) {
  const consumer = Consumer.create({
    sqs,
    queueUrl: QUEUE_URL,
    batchSize: 10,
    waitTimeSeconds: 20,
    handleMessageBatch: async (messages) => {
      await Promise.all(messages.map(handle));
      return messages;
    },
  });
  consumer.on("error", (error) => console.error(error.message));
  consumer.on("processing_error", (error) => console.error(error.message));
  consumer.start();
}
